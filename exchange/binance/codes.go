package binance

import "github.com/bothlegs/bothlegs/exchange"

// codes are those that mean the same to spot and perpetuals. What is in none of the tables leaves the outcome of a write unknown. A state that does
// not allow the request now, as a post-only order that would take, is ErrConflict: another price, or another moment, may do.
var codes = map[int]meaning{
	-1000: {unsure, exchange.ErrUnavailable},
	-1001: {unsure, exchange.ErrUnavailable},
	-1002: {refused, exchange.ErrUnauthorized},
	-1003: {refused, exchange.ErrRateLimited},
	-1004: {unsure, exchange.ErrUnavailable}, // busy
	-1005: {refused, exchange.ErrUnauthorized},
	-1006: {unsure, exchange.ErrUnavailable}, // "execution status unknown"
	-1007: {unsure, exchange.ErrUnavailable}, // time-out of the engine
	-1008: {refused, exchange.ErrUnavailable},
	-1011: {refused, exchange.ErrUnauthorized},
	-1013: {refused, exchange.ErrInvalid}, // filters; it did not reach the engine
	-1014: {refused, exchange.ErrInvalid},
	-1015: {refused, exchange.ErrRateLimited},
	-1016: {refused, exchange.ErrUnavailable},
	-1020: {refused, exchange.ErrUnsupported},
	-1021: {refused, exchange.ErrClockSkew},
	-1022: {refused, exchange.ErrUnauthorized},
	-1023: {refused, exchange.ErrInvalid},
	-1034: {refused, exchange.ErrRateLimited}, // connections
	-1035: {refused, exchange.ErrUnavailable},
	-1099: {refused, exchange.ErrUnauthorized},
	-1100: {refused, exchange.ErrInvalid},
	-1101: {refused, exchange.ErrInvalid},
	-1102: {refused, exchange.ErrInvalid},
	-1103: {refused, exchange.ErrInvalid},
	-1104: {refused, exchange.ErrInvalid},
	-1105: {refused, exchange.ErrInvalid},
	-1106: {refused, exchange.ErrInvalid},
	-1108: {refused, exchange.ErrInvalid},
	-1109: {refused, exchange.ErrUnauthorized},
	-1110: {refused, exchange.ErrInvalid},
	-1111: {refused, exchange.ErrInvalid}, // precision
	-1112: {refused, exchange.ErrConflict},
	-1114: {refused, exchange.ErrInvalid},
	-1115: {refused, exchange.ErrInvalid},
	-1116: {refused, exchange.ErrInvalid},
	-1117: {refused, exchange.ErrInvalid},
	-1118: {refused, exchange.ErrInvalid},
	-1119: {refused, exchange.ErrInvalid},
	-1120: {refused, exchange.ErrInvalid},
	-1121: {refused, exchange.ErrInvalid}, // symbol
	-1122: {refused, exchange.ErrInvalid},
	-1125: {refused, exchange.ErrNotFound}, // listenKey
	-1127: {refused, exchange.ErrInvalid},
	-1128: {refused, exchange.ErrInvalid},
	-1130: {refused, exchange.ErrInvalid},
	-1131: {refused, exchange.ErrInvalid}, // recvWindow
	-1134: {refused, exchange.ErrInvalid},
	-1135: {refused, exchange.ErrInvalid},
	-1136: {refused, exchange.ErrInvalid},
	-1145: {refused, exchange.ErrInvalid},
	-1151: {refused, exchange.ErrInvalid},
	-1181: {refused, exchange.ErrRateLimited}, // messages
	-1182: {refused, exchange.ErrInvalid},
	-1191: {refused, exchange.ErrRateLimited}, // subscriptions
	-1194: {refused, exchange.ErrInvalid},
	-1220: {refused, exchange.ErrInvalid},
	-2008: {refused, exchange.ErrUnauthorized},
	-2013: {refused, exchange.ErrNotFound},
	-2014: {refused, exchange.ErrUnauthorized},
	-2015: {refused, exchange.ErrUnauthorized},
	-2016: {refused, exchange.ErrUnavailable},
	-2017: {refused, exchange.ErrUnauthorized},
}

// spotCodes are spot's own, and those that mean something else there. -2021 and -2022 are cancelReplace's, which has more to tell.
var spotCodes = map[int]meaning{
	-2026: {refused, exchange.ErrInvalid},  // archived: it ended 90 days ago without a fill
	-2035: {refused, exchange.ErrConflict}, // subscribed already
	-2036: {refused, exchange.ErrConflict},
	-2038: {refused, exchange.ErrConflict}, // amendment
	-2039: {refused, exchange.ErrInvalid},  // the client id is not this order's
	-2042: {refused, exchange.ErrConflict},
	-2043: {refused, exchange.ErrUnavailable}, // no reference price
}

// perpCodes are those of perpetuals.
var perpCodes = map[int]meaning{
	-2018: {refused, exchange.ErrInsufficientFunds},
	-2019: {refused, exchange.ErrInsufficientFunds},
	-2020: {refused, exchange.ErrConflict},    // unable to fill
	-2021: {refused, exchange.ErrConflict},    // would trigger at once
	-2022: {refused, exchange.ErrConflict},    // reduce-only
	-2023: {refused, exchange.ErrUnavailable}, // in liquidation
	-2024: {refused, exchange.ErrConflict},    // position too small
	-2025: {refused, exchange.ErrConflict},    // number of open orders
	-2026: {refused, exchange.ErrInvalid},     // type with reduce-only
	-2027: {refused, exchange.ErrConflict},    // position at this leverage
	-2028: {refused, exchange.ErrInsufficientFunds},
	-4000: {refused, exchange.ErrInvalid},
	-4001: {refused, exchange.ErrInvalid},
	-4002: {refused, exchange.ErrInvalid},
	-4003: {refused, exchange.ErrInvalid},
	-4004: {refused, exchange.ErrInvalid},
	-4005: {refused, exchange.ErrInvalid},
	-4013: {refused, exchange.ErrInvalid},
	-4014: {refused, exchange.ErrInvalid}, // tick
	-4015: {refused, exchange.ErrInvalid}, // client id
	-4016: {refused, exchange.ErrInvalid}, // price band
	-4020: {refused, exchange.ErrInvalid},
	-4023: {refused, exchange.ErrInvalid}, // lot
	-4024: {refused, exchange.ErrInvalid}, // price band
	-4029: {refused, exchange.ErrInvalid},
	-4030: {refused, exchange.ErrInvalid},
	-4045: {refused, exchange.ErrConflict}, // number of open orders
	-4050: {refused, exchange.ErrInsufficientFunds},
	-4051: {refused, exchange.ErrInsufficientFunds},
	-4056: {refused, exchange.ErrUnauthorized},
	-4057: {refused, exchange.ErrUnauthorized},
	-4060: {refused, exchange.ErrInvalid},
	-4061: {refused, exchange.ErrInvalid}, // hedge mode
	-4062: {refused, exchange.ErrInvalid},
	-4084: {refused, exchange.ErrUnsupported},
	-4087: {refused, exchange.ErrUnauthorized}, // reduce-only account
	-4088: {refused, exchange.ErrUnauthorized},
	-4116: {unsure, exchange.ErrConflict},     // duplicate client id: which of the two was it?
	-4118: {refused, exchange.ErrConflict},    // reduce-only
	-4120: {refused, exchange.ErrUnsupported}, // conditional types have an endpoint of their own
	-4131: {refused, exchange.ErrConflict},    // the best price lies outside the band
	-4140: {refused, exchange.ErrUnavailable},
	-4141: {refused, exchange.ErrUnavailable},
	-4142: {refused, exchange.ErrConflict},
	-4144: {refused, exchange.ErrInvalid},
	-4164: {refused, exchange.ErrInvalid},     // notional
	-4183: {refused, exchange.ErrInvalid},     // price band
	-4184: {refused, exchange.ErrInvalid},     // price band
	-4188: {refused, exchange.ErrClockSkew},   // the engine's own check
	-4192: {refused, exchange.ErrUnavailable}, // cooling-off
	-4400: {refused, exchange.ErrUnavailable}, // quantitative rules: reductions only, for a while
	-4401: {refused, exchange.ErrUnauthorized},
	-4402: {refused, exchange.ErrUnauthorized},
	-4403: {refused, exchange.ErrUnauthorized},
	-4408: {refused, exchange.ErrUnauthorized},
	-5021: {refused, exchange.ErrConflict}, // FOK
	-5022: {refused, exchange.ErrConflict}, // GTX
	-5024: {refused, exchange.ErrUnavailable},
	-5025: {refused, exchange.ErrUnsupported}, // amendments of other than limit orders
	-5026: {refused, exchange.ErrConflict},    // number of amendments
	-5027: {refused, exchange.ErrConflict},    // nothing to amend
	-5028: {refused, exchange.ErrClockSkew},   // the engine's own check
	-5037: {refused, exchange.ErrInvalid},
	-5038: {refused, exchange.ErrInvalid},
	-5039: {refused, exchange.ErrInvalid},
	-5040: {refused, exchange.ErrInvalid},
}
