mod arithmetic;
mod attacks;
mod booting;
mod ordering;
mod placing;
mod settling;
mod simulation;
mod told;
