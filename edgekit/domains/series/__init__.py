"""Time series and their forecasts."""
