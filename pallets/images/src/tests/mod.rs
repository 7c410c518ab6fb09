mod directory;
mod genesis;
mod statements;
