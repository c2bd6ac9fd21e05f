mod numbers;
mod past;
mod world;
