"""The push task's scene as MJCF text, and the lengths the rest of the task shares with it (SI units)."""

from string import Template
from typing import Final, Literal

import attrs

BLOCK_HALF: Final = 0.03  # half edge of the box, radius of the cylinder
BLOCK_HALF_HEIGHT: Final = 0.02
TIP_RADIUS: Final = 0.015
GOAL_RADIUS: Final = 0.05
MAX_SPEED: Final = 0.25  # gripper speed in m/s at |action| = 1

# Geoms that never move, that stay where they are for an episode, and that may move: a ray renderer casts the first only
# once, and the second once an episode.
STATIC_GROUP: Final = 0
MOVING_GROUP: Final = 1
STAYING_GROUP: Final = 2

TIMESTEP: Final = 0.005
SUBSTEPS: Final = 10
CONTROL_HZ: Final = 20

# Unit-free direction towards the light, and how the two light sources share the brightness.
LIGHT: Final = (0.3, -0.4, 1.0)
AMBIENT: Final = 0.45
DIFFUSE: Final = 0.55


@attrs.frozen(kw_only=True)
class Light:
    """Where the light comes from, and how bright its two sources are."""

    direction: tuple[float, float, float] = LIGHT
    ambient: float = AMBIENT
    diffuse: float = DIFFUSE


_BLOCKS: Final = {
    "cylinder": f'type="cylinder" size="{BLOCK_HALF} {BLOCK_HALF_HEIGHT}"',
    "box": f'type="box" size="{BLOCK_HALF} {BLOCK_HALF} {BLOCK_HALF_HEIGHT}"',
}

# jacobian: MuJoCo 4.0.0 has a bug in its sparse solver, and five bodies are faster dense anyway.
# The goal is a geom because rays do not see sites. The actuators are velocity servos of 60 N s/m whose
# input is already scaled by MAX_SPEED, so the action is the control and MuJoCo does the clipping.
_SCENE: Final = Template("""\
<mujoco model="push">
  <compiler angle="radian" autolimits="true"/>
  <option timestep="$timestep" integrator="implicitfast" cone="elliptic" jacobian="dense" impratio="10"
          iterations="20" ls_iterations="20"/>
  <visual>
    <map znear="0.02" zfar="10"/>
    <headlight ambient="$ambient $ambient $ambient" diffuse="0 0 0" specular="0 0 0"/>
  </visual>
  <default>
    <default class="static"><geom group="$static"/></default>
    <default class="scenery"><geom group="$static" contype="0" conaffinity="0"/></default>
    <default class="moving"><geom group="$moving"/></default>
    <default class="gripper">
      <geom group="$moving" rgba="0.10 0.22 0.85 1" friction="0.3 0.002 0.0001" priority="1" condim="3"
            solref="0.01 1"/>
    </default>
    <general gaintype="fixed" biastype="affine" gainprm="$gain" biasprm="0 0 -60" ctrlrange="-1 1"
             forcerange="-8 8"/>
  </default>
  <worldbody>
    <light directional="true" castshadow="false" dir="$light_dir" diffuse="$diffuse $diffuse $diffuse"
           specular="0 0 0" ambient="0 0 0"/>
    <camera name="front" pos="0.60 0 0.55" xyaxes="0 1 0 -0.676 0 0.737" fovy="38"/>
    <camera name="top" pos="0 0 0.9" xyaxes="0 1 0 -1 0 0" fovy="38"/>
    <geom class="static" name="table" type="box" size="0.30 0.30 0.02" pos="0 0 -0.02"
          rgba="0.52 0.40 0.29 1" friction="0.6 0.002 0.0001"/>
    <geom class="scenery" name="mat" type="box" size="0.285 0.285 0.0002" rgba="0.77 0.75 0.71 1"/>
    <geom class="scenery" name="floor" type="plane" size="3 3 0.1" pos="0 0 -0.4" rgba="0.19 0.22 0.27 1"/>
    <body name="goal" mocap="true">
      <geom group="$staying" name="goal" type="cylinder" size="$goal_radius 0.0008" pos="0 0 0.0008"
            rgba="0.10 0.70 0.25 1" contype="0" conaffinity="0"/>
    </body>
    <body name="block" pos="0 0 $block_half_height">
      <freejoint name="block"/>
      <geom class="moving" name="block" $block mass="0.1" rgba="0.85 0.16 0.12 1"
            friction="0.6 0.002 0.0001" condim="4" solref="0.01 1"/>
    </body>
    <body name="gripper" pos="0 0 0.12" gravcomp="1">
      <joint name="x" type="slide" axis="1 0 0" range="-0.28 0.28"/>
      <joint name="y" type="slide" axis="0 1 0" range="-0.28 0.28"/>
      <joint name="z" type="slide" axis="0 0 1" range="0.01 0.22" ref="0.12"/>
      <geom class="gripper" name="tip" type="sphere" size="$tip_radius" mass="0.5"/>
      <geom class="gripper" name="shaft" type="capsule" fromto="0 0 0 0 0 0.06" size="$shaft_radius"
            mass="0.001"/>
    </body>
  </worldbody>
  <actuator>
    <general name="x" joint="x"/>
    <general name="y" joint="y"/>
    <general name="z" joint="z"/>
  </actuator>
</mujoco>
""")


def scene_xml(shape: Literal["cylinder", "box"], stretch: float | None = None) -> str:
    """MJCF of a table, a block of that `shape`, a round goal (mocap), a gripper on three servos, two cameras.

    With `stretch` the block is a brick instead, so many times as long as the box and as many times as narrow. Lengths
    are in metres, the table's surface is z = 0, and the joints "x", "y", "z" hold the position of
    the gripper's tip in the world.
    """
    brick = f'type="box" size="{BLOCK_HALF * stretch} {BLOCK_HALF / stretch} {BLOCK_HALF_HEIGHT}"' if stretch else ""
    return _SCENE.substitute(
        timestep=TIMESTEP,
        ambient=AMBIENT,
        diffuse=DIFFUSE,
        light_dir=" ".join(str(-part) for part in LIGHT),
        static=STATIC_GROUP,
        moving=MOVING_GROUP,
        staying=STAYING_GROUP,
        gain=60 * MAX_SPEED,
        goal_radius=GOAL_RADIUS,
        block=brick or _BLOCKS[shape],
        block_half_height=BLOCK_HALF_HEIGHT,
        tip_radius=TIP_RADIUS,
        shaft_radius=TIP_RADIUS * 0.999,
    )
