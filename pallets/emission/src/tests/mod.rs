mod arithmetic;
mod eras;
mod selfdealing;
