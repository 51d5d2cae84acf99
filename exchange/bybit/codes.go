package bybit

import "github.com/bothlegs/bothlegs/exchange"

// certainty is what a code says about whether a request happened.
type certainty uint8

const (
	vague    certainty = iota // it may have happened; codes that nobody documented say no more either
	denied                    // it certainly did not happen
	standing                  // nothing was left to do: it is as asked for
)

// judge sorts the venue's codes by what a caller can do about them (docs v5 error, 2026-07). One number means the same for spot and for
// linear: their orders have codes of their own, 170xxx and 110xxx.
func judge(code int) (certainty, error) {
	switch code {
	case 10000, // server time-out
		10016,                          // server error, or restarting
		3400214,                        // server error
		170001, 170007, 170032, 170234, // spot: internal error, its backend's time-out, network
		170146, 170147, 170310, // spot: time-out of placing, cancelling, amending
		170035, // "submitted to the system for processing"
		170212: // a cancellation is being processed
		return vague, exchange.ErrUnavailable
	case 110072, 170141, // this order link was used before: that order is the answer
		10014, 20006, // duplicate request, duplicate reqId: the first one counts
		40004: // "modified during the process of replacing, check the order again"
		return vague, exchange.ErrConflict
	case 110025, 110026, 110027, 110043, 34040: // "not modified"
		return standing, nil
	case 110001, 170213, 170143:
		return denied, exchange.ErrNotFound
	case 429, 10019, // overload; a gateway that restarts and takes nothing new
		110079, 170144, 170191, // another change of the order is being processed
		110071, 3100197: // the account is being upgraded
		return denied, exchange.ErrUnavailable
	case 10006, 10403, 10429, 170005, 170222,
		20003: // too many requests of a session
		return denied, exchange.ErrRateLimited
	case 10002, -1:
		return denied, exchange.ErrClockSkew
	}
	if class := refusal(code); class != nil {
		return denied, class
	}
	return vague, nil
}

// refusal is why the venue refused with certainty; nil for codes that are not among these.
func refusal(code int) error {
	switch code {
	case 10003, 10004, 10005, 10007, 10008, 10009, 10010, 10024, 10027, 10028, 33004, -2015, // key, signature, permission, address, region
		20001,                                          // a second auth on one connection
		100028, 110018, 110067, 110088, 110097, 110102, // kind of account
		110123, 110124, 110125, 110132, 110136, // terms, cooling off, region
		110069, 110119, 170209, 170219, 170224, 170241, 170348, 170355, 170358, 170359, 170709, // not for this customer or site
		30133, 30134, 30135, 30136, 110068, 170036, 170216:
		return exchange.ErrUnauthorized
	case 110004, 110006, 110007, 110011, 110012, 110014, 110039, 110040, 110044, 110045, 110046, 110051, 110052, 110053, 110131, 30256,
		170033, 170034, 170131, 170207:
		return exchange.ErrInsufficientFunds
	case 10001, 10017, 10029, 10404, // parameters, path, symbol, operation
		110003, 110116, 110120, 110121, 30208, 30209, // price out of its band
		170132, 170133, 170192, 170193, 170194, 170195, 170196, 170371, 170372,
		110017, 110019, 110032, 110049, 110050, 110092, 110093, 110094, 110108, 110109, 3100326, // number or text that is none
		170105, 170115, 170116, 170117, 170121, 170124, 170130, 170134, 170135, 170136, 170137, 170140, 170148, 170381, 170382,
		170197, 170198, 170199, 170200, 170228, 170229, 170341, // larger than the venue takes at once
		170145, 170201, 170202, 170203, 170204, 170221, 170312, 110029, 110057, 110059, 170037, 170227, 170344:
		return exchange.ErrInvalid
	}
	return state(code)
}

// state is ErrConflict for refusals that the state of order, position, account or market explains: it may change.
func state(code int) error {
	switch code {
	case 110008, 110010, 170139, 170142, 170190, // filled or cancelled already
		110064, 170313, // as much has filled already
		110020, 110009, 170810, // too many orders
		110034,                                                         // nothing to reduce
		110005, 110013, 110021, 110085, 110086, 110087, 110089, 110090, // position, risk limit, leverage
		3400139, 3200403, 110070, 110077, 110096,
		110022, 110023, 110042, 110063, 110066, 110074, 110095, 110098, 110099, 110100, 110103, 110118, 110135, 110137, 30228, // the market's phase
		170031, 170151, 170157, 170159, 170206, 170210, 170217, 170010, 170011, 170019,
		170218,                                                 // post-only, and it would have taken
		110115, 110117, 110114, 170346, 170360, 110101, 170230, // collateral, combinations
		110080, 110104, 110105, 110106, 170215, 170220, 170223, 170226, 3200316, 3200317, 3200320: // lending, liquidation
		return exchange.ErrConflict
	}
	return nil
}
