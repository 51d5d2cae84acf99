package bybittest

import (
	"encoding/json"

	"github.com/bothlegs/bothlegs/exchange"
)

// The settings that the simulation has one value of. Asked for that value, the venue says that nothing has changed; others are refused.

const (
	codeSameMode     = 110025
	codeSameLeverage = 110043
)

// leverage is the one of every position. What margin is paid is the engine's rate.
const leverage = "10"

// marginMode is the one of every account.
const marginMode = "REGULAR_MARGIN"

func (s *Server) setLeverage(a *ask) (any, *refusal) {
	var p struct {
		Buy  string `json:"buyLeverage"`
		Sell string `json:"sellLeverage"`
	}
	if no := s.setting(a, &p, true); no != nil {
		return nil, no
	}
	buy, ok1 := decimal(p.Buy)
	sell, ok2 := decimal(p.Sell)
	one := exchange.MustDecimal(leverage)
	switch {
	case !ok1 || !ok2 || !buy.Equal(sell):
		return nil, refuse(codeParams, "params error: buy leverage and sell leverage must be equal")
	case !buy.Equal(one):
		return nil, refuse(codeParams, "params error: this simulation has a leverage of %s", leverage)
	}
	return nil, refuse(codeSameLeverage, "leverage not modified")
}

func (s *Server) switchMode(a *ask) (any, *refusal) {
	var p struct {
		Coin string   `json:"coin"`
		Mode *integer `json:"mode"`
	}
	if no := s.setting(a, &p, false); no != nil {
		return nil, no
	}
	switch {
	case a.Symbol != "":
		if _, no := s.market(a.Category, a.Symbol); no != nil {
			return nil, no
		}
	case p.Coin == "":
		return nil, refuse(codeParams, "params error: symbol or coin is needed")
	}
	switch {
	case p.Mode == nil || *p.Mode != 0 && *p.Mode != 3:
		return nil, refuse(codeParams, "params error: mode invalid")
	case *p.Mode == 3:
		return nil, refuse(codeParams, "params error: this simulation has no hedge mode")
	}
	return nil, refuse(codeSameMode, "Position mode is not modified")
}

func (s *Server) setMarginMode(a *ask) (any, *refusal) {
	var p struct {
		Mode string `json:"setMarginMode"`
	}
	if err := json.Unmarshal(a.Body, &p); err != nil {
		return nil, refuse(codeParams, "Request parameter error.")
	}
	if p.Mode != marginMode {
		return nil, refuse(codeParams, "params error: this simulation has the margin mode %s", marginMode)
	}
	return object{"reasons": []object{}}, nil
}

// setting reads a setting of perpetuals, of one where symbol is true.
func (s *Server) setting(a *ask, p any, symbol bool) *refusal {
	switch err := json.Unmarshal(a.Body, p); {
	case err != nil || a.bad:
		return refuse(codeParams, "Request parameter error.")
	case a.Category != "linear":
		return refuse(codeParams, "params error: Illegal category")
	case symbol:
		_, no := s.market(a.Category, a.Symbol)
		return no
	}
	return nil
}
