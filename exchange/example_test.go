package exchange_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
)

func ExampleParseDecimal() {
	price, _ := exchange.ParseDecimal("0.29")
	fmt.Println(price.Mul(exchange.MustDecimal("100"))) // a float64 makes it 28.999999999999996

	_, err := exchange.ParseDecimal("1e400")
	fmt.Println(err)
	// Output:
	// 29.00
	// exchange: bad decimal: "1e400" is out of bounds
}

func ExampleDecimal_Quo() {
	budget, price := exchange.MustDecimal("1000"), exchange.MustDecimal("61234.56")
	fmt.Println(budget.Quo(price, 8, exchange.Down))
	fmt.Println(budget.Quo(price, 8, exchange.Up))
	// Output:
	// 0.01633064
	// 0.01633065
}

func ExampleDecimal_Floor() {
	price := exchange.MustDecimal("61234.56")
	for _, tick := range []string{"0.1", "0.25", "5"} {
		fmt.Println(price.Floor(exchange.MustDecimal(tick)))
	}
	// Output:
	// 61234.5
	// 61234.50
	// 61230
}

func ExampleParseSymbol() {
	s, _ := exchange.ParseSymbol("BTC-USDT-PERP")
	fmt.Println(s.Base, s.Quote, s.Kind)

	_, err := exchange.ParseSymbol("BTCUSDT")
	fmt.Println(err)
	// Output:
	// BTC USDT perp
	// exchange: bad symbol "BTCUSDT": want BASE-QUOTE or BASE-QUOTE-PERP: invalid request
}

func ExampleBook_Walk() {
	b := exchange.Book{
		Scale: exchange.Scale{Price: -2, Size: -3}, // cents, thousandths of a coin
		Asks:  []exchange.Level{{Price: 6_123_500, Size: 900}, {Price: 6_123_400, Size: 250}},
	}
	w := b.Walk(exchange.Buy, 400)
	size, cost := exchange.Scaled(w.Size, -3), w.Notional.Decimal(b.Scale)
	fmt.Printf("%s coins from %d levels cost %s, %s each\n", size, w.Levels, cost, cost.Quo(size, 4, exchange.HalfEven))

	w = b.Walk(exchange.Buy, 5000)
	fmt.Printf("of 5000 the book gives %d\n", w.Size)
	// Output:
	// 0.400 coins from 2 levels cost 24493.75000, 61234.3750 each
	// of 5000 the book gives 1150
}

func ExampleInstrument_Check() {
	market, _ := exchange.ParseMarket("binance:BTC-USDT")
	rules := exchange.Instrument{
		Market: market, Tradable: true,
		Tick: exchange.MustDecimal("0.01"), Lot: exchange.MustDecimal("0.00001"), MinNotional: exchange.MustDecimal("5"),
	}
	order := exchange.OrderRequest{
		Market: market, ClientID: "ORD-1", Side: exchange.Buy, TIF: exchange.IOC,
		Price: exchange.MustDecimal("61234.567"), Quantity: exchange.MustDecimal("0.000162"),
	}
	fmt.Println(rules.Check(order))

	order.Quantity = rules.RoundQuantity(order.Quantity)
	fmt.Println(rules.Check(order))

	order.Price = rules.RoundPrice(order.Side, order.Price)
	fmt.Println(order.Quantity, order.Price, rules.Check(order))
	// Output:
	// exchange: binance:BTC-USDT: quantity 0.000162 is no multiple of lot 0.00001: invalid request
	// exchange: binance:BTC-USDT: price 61234.567 is no multiple of tick 0.01: invalid request
	// 0.00016 61234.56 <nil>
}

func ExampleOutcomeOf() {
	refused := fmt.Errorf("first leg: %w", &exchange.Error{
		Venue: "okx", Op: "place", Outcome: exchange.ErrRejected, Class: exchange.ErrInsufficientFunds,
		Code: "51008", Message: "Insufficient balance",
	})
	fmt.Println(refused)
	fmt.Println(exchange.OutcomeOf(refused), errors.Is(refused, exchange.ErrInsufficientFunds))

	// Nobody knows whether a request that timed out arrived.
	fmt.Println(exchange.OutcomeOf(context.DeadlineExceeded))
	// Output:
	// first leg: okx place: rejected: insufficient funds: code 51008: "Insufficient balance"
	// rejected true
	// outcome unknown
}

func ExampleError() {
	var err error = &exchange.Error{Venue: "bybit", Op: "snapshot", Class: exchange.ErrRateLimited, Code: "10006"}

	var e *exchange.Error
	if errors.Is(err, exchange.ErrRateLimited) && errors.As(err, &e) {
		fmt.Println(e.Venue, "says", e.Code)
	}
	// Output: bybit says 10006
}

func ExampleStatus_To() {
	s, _ := exchange.StatusAccepted.To(exchange.StatusCanceled)
	s, err := s.To(exchange.StatusFilled) // the fill was faster than the cancellation
	fmt.Println(s, err)

	s, err = s.To(exchange.StatusAccepted)
	fmt.Println(s, err)
	// Output:
	// filled <nil>
	// filled exchange: an order that is filled cannot become accepted
}
