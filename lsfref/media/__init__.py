"""Wing: what a video file is: its container, ffmpeg, decoded frames, writing one."""
