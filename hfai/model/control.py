"""Layout of the control page: one small memory-mapped file per rank, shared by a task and its supervisor.

Only plain constants: this module is imported inside training scripts. All numbers are little-endian.

====== ===== ===================== ==========================================================================
offset bytes name                  written by
====== ===== ===================== ==========================================================================
0      8     magic                 supervisor, once: ``HFAICTL1``
8      1     suspend               supervisor: 1 while a suspension is wanted, only on rank 0
9      1     acknowledged          task: 1 as soon as ``receive_suspend_command`` has returned True
10     1     can_suspend           task: 1 after ``go_suspend``
11     1     state_is_set          task: 1 after ``set_whole_life_state``
12     1     is_unfit              task: 1 after ``self_health_check`` has found something wrong with the node
16     8     watchdog_s            task: seconds without output before it counts as hung, 0 = the task file's
24     8     whole_life_state      both: signed integer carried along the chain
====== ===== ===================== ==========================================================================
"""

SIZE_BYTES = 4096
MAGIC = b"HFAICTL1"
SUSPEND = 8
ACKNOWLEDGED = 9
CAN_SUSPEND = 10
STATE_IS_SET = 11
IS_UNFIT = 12
WATCHDOG_S = 16
WHOLE_LIFE_STATE = 24
