mod arithmetic;
mod receipts;
mod settling;
