mod allow;
mod built_in;
mod config;
mod evidence;
