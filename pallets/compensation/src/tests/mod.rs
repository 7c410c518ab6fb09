mod arithmetic;
mod cases;
mod exact;
mod payout;
