package simwire

// Scopes is how many counts are kept.
func (m *Meter) Scopes() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.counts)
}
