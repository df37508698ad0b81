"""What bundles for boards share: a runner, what to install, a service, how to use them."""
