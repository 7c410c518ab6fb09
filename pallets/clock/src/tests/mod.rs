mod statements;
mod ticks;
