mod built_in;
mod config;
