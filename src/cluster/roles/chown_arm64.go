package roles

// oldChown is empty: arm64 has only the newer calls.
var oldChown []uint32
