// Command bench measures what whoami costs, beside what it is compared with.
package main
