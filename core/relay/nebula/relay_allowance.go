package nebula

import (
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/rcrowley/go-metrics"
)

// relayed holds what this node forwards between other nodes to a rate, and counts it. Without
// SPARECLOUD_RELAY_BYTES_PER_SECOND in the environment everything passes.
var relayed = newRelayAllowance(os.Getenv("SPARECLOUD_RELAY_BYTES_PER_SECOND"))

// relayAllowance is a token bucket that holds one second's worth of bytes.
type relayAllowance struct {
	mu        sync.Mutex
	perSecond float64
	left      float64
	at        time.Time

	bytes, packets, dropped metrics.Counter
}

func newRelayAllowance(bytesPerSecond string) *relayAllowance {
	perSecond, _ := strconv.ParseFloat(bytesPerSecond, 64)
	return &relayAllowance{
		perSecond: perSecond,
		left:      perSecond,
		at:        time.Now(),
		bytes:     metrics.GetOrRegisterCounter("relay.forwarded.bytes", nil),
		packets:   metrics.GetOrRegisterCounter("relay.forwarded.packets", nil),
		dropped:   metrics.GetOrRegisterCounter("relay.dropped.packets", nil),
	}
}

// take says whether a packet of so many bytes may be forwarded now; one that may not is to be dropped.
func (a *relayAllowance) take(bytes int) bool {
	if a.perSecond > 0 && !a.spend(float64(bytes)) {
		a.dropped.Inc(1)
		return false
	}
	a.bytes.Inc(int64(bytes))
	a.packets.Inc(1)
	return true
}

func (a *relayAllowance) spend(bytes float64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.left = min(a.perSecond, a.left+a.perSecond*now.Sub(a.at).Seconds())
	a.at = now
	if a.left < bytes {
		return false
	}
	a.left -= bytes
	return true
}
