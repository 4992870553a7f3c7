"""Channel profiles and stream profiles (10 §17): playlists for different people, and how a channel is played."""
