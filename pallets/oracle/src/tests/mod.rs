mod arithmetic;
mod feeding;
mod manipulation;
