mod arithmetic;
mod eras;
mod forgetting;
mod issuance;
mod selfdealing;
