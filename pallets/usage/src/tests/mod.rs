mod arithmetic;
mod invariants;
mod receipts;
mod settling;
