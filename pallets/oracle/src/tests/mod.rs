mod arithmetic;
mod exact;
mod feeding;
mod manipulation;
mod sound;
