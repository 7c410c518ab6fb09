mod arithmetic;
mod receipts;
mod settling;
mod sound;
