// Package sessions tells whose session a credential is, and asks Kratos for that as seldom as is safe.
//
// # Design
//
// Lookups of the same credential that happen at the same time share one question to Kratos. It outlives whoever asked
// first: each caller waits for it as long as its own deadline lets it.
//
// With a cache, what Kratos has said of a credential is good for a while: no longer than the time that is configured, than
// Kratos allows for it (Ory-Session-Cache-For), and than the session itself. That there is no such session is kept too, for
// a shorter time, and in a place of its own, so that made-up tokens can't push out what is worth keeping. Nothing else is
// kept: an outage, a missing second factor and an answer that sets a cookie are asked for again.
//
// An entry is the answer as it was encoded, once: to whoever asks next it goes out as it is, in a message of which only the
// unknown fields are set. That is a tenth of what it costs to copy and to encode a session each time, and it takes less room.
//
// The key of an entry is an HMAC-SHA-256 of the credential under a secret of the process: what is in memory is no
// credential, and nobody can find out by guessing.
//
// Whatever is changed through this server shows at once. Each change gives a new epoch. An answer that was asked for in an
// earlier one is handed to those who asked then, but is not kept, and nobody joins those who wait for it: a session that is
// revoked while somebody looks it up can't come back. What a change concerns is told by its caller's credential, and by the
// session and the identity that are behind that. There is no index of entries by these; an entry remembers its epoch, and
// the last change of a session or an identity is remembered for as long as an older entry can last.
//
// What happens without this server, it learns when entries expire. Other replicas tell it what they change, where there is a
// Redis by which they can: package shared says how, and why that can't go wrong. A change is told before it is taken notice of
// here, and an answer from Redis belongs to the epoch in which it was asked for, as one of Kratos's does: so nothing that was
// true before comes back by way of another replica. What another replica changes begins an epoch here too. As long as it is
// not sure that no change was missed, entries count only for the lease ([shared.Bound] at most) after Kratos was asked; those
// that come from Redis count for nothing then. Who sets a bound to an answer's age is told nothing from Redis.
package sessions
