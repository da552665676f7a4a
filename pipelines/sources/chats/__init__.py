"""Messengers: Telegram, WhatsApp, VK, Slack, Mattermost, Rocket.Chat, Discord."""
