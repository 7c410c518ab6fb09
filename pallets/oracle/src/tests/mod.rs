mod arithmetic;
mod exact;
mod feeding;
mod invariants;
mod manipulation;
