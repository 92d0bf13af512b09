"""What the converted demonstrations are called in LeRobot."""

REPO = "bczoo/push"
IMAGE, STATE, ACTION = "observation.images.front", "observation.state", "action"
