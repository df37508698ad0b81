"""What an earlier optimization left in the kernels stays there while training continues."""
