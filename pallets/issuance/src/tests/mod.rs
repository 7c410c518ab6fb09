mod arithmetic;
mod burning;
mod minting;
