mod arithmetic;
mod cases;
mod payout;
