mod record;
mod score;
