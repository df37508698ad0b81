"""What phones show of a bundle: self-tests of the Android app, and files sent to them by adb."""
