mod record;
mod score;
mod slash;
