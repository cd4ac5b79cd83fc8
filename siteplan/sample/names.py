"""Names, in Chinese with a romanised twin: common elements put together, no real county among them."""

from __future__ import annotations

import numpy as np

COUNTY = ("青岚县", "Qinglan County")

TOWNSHIPS = (
    ("枫香镇", "Fengxiang Town"),
    ("石垭镇", "Shiya Town"),
    ("云坪乡", "Yunping Township"),
    ("望峰乡", "Wangfeng Township"),
    ("岚城镇", "Lancheng Town"),
    ("双溪镇", "Shuangxi Town"),
    ("白岩乡", "Baiyan Township"),
    ("大槐乡", "Dahuai Township"),
)
"""In the order of the relocation figures (see `people.RELOCATION`)."""

_FIRST = (
    ("张家", "Zhangjia"), ("李家", "Lijia"), ("王家", "Wangjia"), ("陈家", "Chenjia"), ("杨家", "Yangjia"),
    ("罗家", "Luojia"), ("何家", "Hejia"), ("周家", "Zhoujia"), ("吴家", "Wujia"), ("田家", "Tianjia"),
    ("冉家", "Ranjia"), ("龙家", "Longjia"), ("石家", "Shijia"), ("麻家", "Majia"), ("唐家", "Tangjia"),
    ("毛家", "Maojia"), ("大", "Da"), ("小", "Xiao"), ("上", "Shang"), ("下", "Xia"), ("老", "Lao"), ("新", "Xin"),
    ("中", "Zhong"), ("后", "Hou"), ("对门", "Duimen"), ("石板", "Shiban"), ("青杠", "Qinggang"), ("枫树", "Fengshu"),
    ("竹林", "Zhulin"), ("水井", "Shuijing"), ("茶园", "Chayuan"), ("核桃", "Hetao"), ("杉木", "Shamu"),
    ("白果", "Baiguo"), ("岩脚", "Yanjiao"), ("凉水", "Liangshui"), ("庙", "Miao"), ("瓦窑", "Wayao"),
    ("马鞍", "Ma'an"), ("梨子", "Lizi"), ("黄泥", "Huangni"), ("洞口", "Dongkou"), ("三岔", "Sancha"),
    ("烂泥", "Lanni"), ("油榨", "Youzha"), ("梅子", "Meizi"),
)  # fmt: skip

_VALLEY = (("湾", "wan"), ("坝", "ba"), ("沟", "gou"), ("塘", "tang"), ("田", "tian"), ("寨", "zhai"), ("冲", "chong"))
_HEIGHT = (("坪", "ping"), ("坳", "ao"), ("岭", "ling"), ("坡", "po"), ("寨", "zhai"), ("垭", "ya"), ("岩", "yan"))

_VILLAGE_FIRST = (
    ("新", "Xin"), ("青", "Qing"), ("龙", "Long"), ("云", "Yun"), ("茶", "Cha"), ("石", "Shi"), ("桐", "Tong"),
    ("枫", "Feng"), ("清", "Qing"), ("福", "Fu"), ("和", "He"), ("春", "Chun"), ("花", "Hua"), ("金", "Jin"),
    ("梓", "Zi"), ("松", "Song"), ("柏", "Bai"), ("泉", "Quan"),
)  # fmt: skip
_VILLAGE_LAST = (
    ("坪", "ping"), ("溪", "xi"), ("林", "lin"), ("光", "guang"), ("塘", "tang"), ("山", "shan"), ("桥", "qiao"),
    ("湾", "wan"), ("坝", "ba"), ("岭", "ling"), ("兴", "xing"), ("田", "tian"),
)  # fmt: skip

RIVERS = (
    ("岚江", "Lan River"), ("白水河", "Baishui River"), ("青溪河", "Qingxi River"), ("石门河", "Shimen River"),
    ("双溪", "Shuangxi Stream"), ("龙洞河", "Longdong River"), ("枫溪", "Fengxi Stream"), ("乌泥河", "Wuni River"),
)  # fmt: skip


class Names:
    """Gives names out, each once where it must be: hamlets once a village, villages once in the county."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.Generator(np.random.PCG64([seed, 3]))
        pairs = [(f, last) for f in _VILLAGE_FIRST for last in _VILLAGE_LAST if f[1].lower() != last[1]]
        order = np.argsort(self._random.random(len(pairs)), kind="stable")
        self._villages = [pairs[int(i)] for i in order]

    def village(self) -> tuple[str, str]:
        """An administrative village: (Chinese, romanised), not given before."""
        first, last = self._villages.pop()
        return f"{first[0]}{last[0]}村", f"{first[1]}{last[1]} Village"

    def hamlets(self, high: list[bool]) -> list[tuple[str, str]]:
        """Names of one village's hamlets, all different; `high` tells those on benches and ridges."""
        order = np.argsort(self._random.random(len(_FIRST)), kind="stable")
        given = []
        for place, first_at in zip(high, order.tolist(), strict=False):
            lasts = _HEIGHT if place else _VALLEY
            last = lasts[int(self._random.random() * len(lasts))]
            first = _FIRST[first_at]
            if first[0][-1] == last[0]:
                last = ("寨", "zhai")
            given.append((first[0] + last[0], first[1] + last[1]))
        return given


def river_name(rank: int) -> tuple[str, str]:
    """The name of the river with this rank by drained area, 0 the largest; small ones are numbered gullies."""
    if rank < len(RIVERS):
        return RIVERS[rank]
    first = _FIRST[(rank * 7) % len(_FIRST)]
    return f"{first[0]}沟", f"{first[1]}gou Stream"
