package okxtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
)

// subscribe begins one subscription, and confirms it before its first message.
func (x *session) subscribe(id word, a channelArg, raw json.RawMessage) {
	fate := x.injector.Next(time.Now(), sim.Call{Op: sim.OpSubscribe, Key: a.topic()})
	x.meet(fate, func() []byte {
		topic, bad := x.topicOf(&a)
		if bad != nil {
			return x.refused(id, bad)
		}
		answer := x.event(event{ID: string(id), Event: "subscribe", Arg: raw})
		switch fate.Fault {
		case "", sim.Slow, sim.SlowAck:
			x.socket.Send(answer)
			answer = nil
		}
		if x.count(a.Channel) {
			x.topics.Add(topic)
		} else {
			x.part(topic.Name)
		}
		return answer
	}, func() []byte { return x.refused(id, x.excuse(fate.Fault)) })
}

// unsubscribe ends one, when those before it have arrived.
func (x *session) unsubscribe(id word, a channelArg, raw json.RawMessage) {
	x.meet(sim.Fate{}, func() []byte {
		x.topics.Remove(a.topic())
		x.part(a.topic())
		x.uncount(a.Channel)
		return x.event(event{ID: string(id), Event: "unsubscribe", Arg: raw})
	}, nil)
}

// part ends the following of an account for a topic.
func (x *session) part(topic string) {
	x.floor.Read(func(time.Time, *sim.Engine) {
		if a := x.joined[topic]; a != nil {
			delete(x.joined, topic)
			a.feed.part()
		}
	})
}

// limitedChannels are those whose connections the venue counts.
var limitedChannels = map[string]bool{"orders": true, "account": true, "positions": true, "balance_and_position": true}

// count counts the connection for a channel, and tells how many there are; false: there are too many.
func (x *session) count(channel string) bool {
	if !limitedChannels[channel] {
		return true
	}
	k := string(x.key.Load().Account) + " " + channel
	x.mu.Lock()
	if !x.counted[k] {
		x.counted[k] = true
		x.counts[k]++
	}
	n := x.counts[k]
	if n > maxConns {
		delete(x.counted, k)
		x.counts[k]--
	}
	x.mu.Unlock()
	what := "channel-conn-count"
	if n > maxConns {
		what, n = "channel-conn-count-error", maxConns
	}
	x.socket.Send(x.event(event{Event: what, Channel: channel, Count: fmt.Sprint(n)}))
	return what == "channel-conn-count"
}

// uncount ends that, with the connection's last subscription to the channel.
func (x *session) uncount(channel string) {
	key := x.key.Load()
	if key == nil || slices.ContainsFunc(x.topics.Names(), func(name string) bool { return strings.HasPrefix(name, channel+":") }) {
		return
	}
	k := string(key.Account) + " " + channel
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.counted[k] {
		delete(x.counted, k)
		x.counts[k]--
	}
}
