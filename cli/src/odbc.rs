//! What unixODBC knows of drivers and data sources, and the libraries that it loads: ours and the target driver.

pub mod driver_manager;
pub mod drivers;
pub mod ini;
pub mod ini_files;
pub mod library;
pub mod registration;
pub mod stock_name;
pub mod target_driver;
