package shared

import (
	_ "embed" // For the scripts.

	"github.com/redis/go-redis/v9"
)

var (
	//go:embed common.lua
	commonLua string
	//go:embed find.lua
	findLua string
	//go:embed keep.lua
	keepLua string
	//go:embed tell.lua
	tellLua string
	//go:embed beat.lua
	beatLua string
)

// What has to happen at once in Redis. Each begins with what they have in common.
var (
	findScript = redis.NewScript(commonLua + findLua)
	keepScript = redis.NewScript(commonLua + keepLua)
	tellScript = redis.NewScript(commonLua + tellLua)
	beatScript = redis.NewScript(commonLua + beatLua)
)
