"""Time series: readings over time, and forecasts of them."""
