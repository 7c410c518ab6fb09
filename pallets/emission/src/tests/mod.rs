mod arithmetic;
mod eras;
mod forgetting;
mod selfdealing;
