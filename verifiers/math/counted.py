# ruff: noqa: RUF001
"""What is counted, in languages whose plurals have no ending that could be told from others: lists, and counters.

Lists       nouns and units of measure in the forms that stand behind a number; no numeral, fraction, comparative,
            negation or hedge is among them, and what is not in a list is not read
Counters    Chinese, Japanese and Korean put a counter behind the number, and what is counted may follow it: 42个苹果,
            42個のりんご, 42개의 사과; a polite ending (です, 입니다) adds nothing
"""

from __future__ import annotations

import functools
import re

_NOUNS = """
    Kugeln Möglichkeiten Hunde Katzen Kekse Murmeln Stifte Tiere Fische Vögel Zoll Karten Briefe Pferde Kühe Hühner
    Brote Brötchen Bleistifte Hefte Teile Plätze Tische Stühle Wörter Zahlen Würfel Spiele Freunde Gäste Arbeiter
    Dreiecke Ecken Kanten Wege Arten Züge Busse Fahrräder Zimmer Fenster Türen Körbe Kisten Säcke Tüten Gläser
    Teller Runden Aufgaben Tore Euro Cent Dollar Pfund Kronen Franken Lire Kreise Quadrate Lösungen Bäume Blätter
    Rosen Tulpen Tonnen Schritte Äpfel Eier Bücher Stück Stunden Tage Autos Bonbons Seiten Kinder Jungen Mädchen
    Schafe Ziegen puntos canicas lápices árboles flores maneras formas alumnos galletas metros_cuadrados
    metros_cúbicos peces pesos bolígrafos cuadernos sillas mesas reales medallas quetzales soles kilómetros_por_hora
    centímetros_cuadrados millas_por_hora billes chevaux oiseaux animaux gâteaux œufs bateaux morceaux cadeaux jeux
    mètres_carrés mètres_cubes ans euros livres centimètres_carrés kilomètres_par_heure élèves façons tableaux
    manteaux chapeaux couteaux feux noyaux journaux chilometri secondi caramelle fiori alberi modi matite gatti
    grammi palline pagine biscotti gradi punti ragazze monete arance penne cani bottiglie case torte fragole pere
    palloni quaderni scatole sedie tavoli posti amici giocatori alunni alunne insegnanti animali pesci uccelli
    mucche pecore cavalli galline centimetri metri_quadrati metri_cubi litri ore lire sorelle fratelli figli stanze
    finestre macchine automobili biciclette treni figurine giocattoli carte lettere parole numeri triangoli quadrati
    lati soluzioni settimane mesi chilogrammi chili centesimi_di_euro balões lápis pães cães anões irmãos irmãs
    alunos metros_quadrados limões aviões caminhões leões botões corações figurinhas dagen weken maanden jaar uur
    manieren bloemen bomen eieren honden katten leerlingen seconden pagina's auto's foto's graden koekjes vogels
    vissen paarden koeien kippen flessen stoelen tafels huizen kamers kaarten ballen snoepjes potloden pennen broden
    taarten peren sinaasappels studenten werknemers meisjes jongens dieren punten vierkante_meter stuks euro
    centimeter kilometer_per_uur liter meter gram kilogram książek dzieci złotych złote złoty zł metrów kilometrów
    sekund tygodni miesięcy sposobów uczniów kwiatów drzew cukierków gramów litrów stopni stron punktów kulek kart
    krzeseł stołów domów pokoi samochodów rowerów psów kotów ptaków ryb koni krów kur butelek pudełek ołówków
    zeszytów długopisów ciastek gruszek pomarańczy jajek kilogramów centymetrów groszy chłopców dziewczynek
    studentów pracowników biletów piłek monet znaczków zadań kwadratów trójkątów zwierząt metry minuty godziny
    sekundy dzień tygodnie miesiące książki koty psy uczniowie kwiaty drzewa strony punkty sztuk sztuki kg рыб птиц
    коров евро копеек копейки овец кур лошадей уток гусей кошек собак чашек тарелок кружек ложек вилок роз тюльпанов
    ламп досок комнат квартир сумок коробок банок бутылок ручек линеек игрушек кукол открыток марок задач слов букв
    цифр чисел групп команд кв._м кв._см куб._м км/ч м/с км/час г л ч с шт. руб. коп. груш слив вишен пчёл мест блюд
    окон яиц лет кв.м кв.см куб.см сут суток градусов_Цельсия юаней иен чел. чел яблук яблука яблуко книг книги
    дітей гривень гривні грн грн. метрів кілометрів годин години хвилин хвилини днів дні років роки осіб учнів учні
    способів способи цукерок квітів квітки дерев дерева грамів кілограмів літрів сантиметрів секунд секунди тижнів
    тижні місяців місяці сторінок сторінки зошитів олівців кульок монет точок балів людей людини студентів машин
    кв._м градусів копійок доларів птахів риб корів kitap çocuk lira dakika saniye hafta ay öğrenci ağaç çiçek tane
    adet kalem şeker yaşında kilometre metrekare santimetre metreküp gram kilogram litre kuruş dolar avro bilye
    yumurta ekmek portakal armut balon kuş balık köpek kedi inek koyun tavuk sayfa soru puan sandalye masa oda ev
    araba bisiklet otobüs bilet kutu şişe bardak kişi farklı_yol derece defter silgi kız erkek işçi öğretmen arkadaş
    تفاحة تفاحات تفاح كتاب كتب كتابا كتابًا طفل أطفال طفلا طفلًا متر أمتار مترا مترًا كيلومتر كم سم ساعة ساعات دقيقة
    دقائق ثانية يوم أيام يوما يومًا سنة سنوات عام عاما عامًا أسبوع أسابيع شهر أشهر شهرا شخص أشخاص شخصا شخصًا ريال
    ريالا ريالًا دولار دولارا دولارًا درهم درهما درهمًا دينار دينارا دينارًا طالب طالبا طالبًا طلاب جنيه جنيها
    جنيهًا كرة كرات قلم أقلام قلما قلمًا زهرة أزهار شجرة أشجار بيضة برتقالة نقطة نقاط درجة درجات طريقة طرق كيلوغرام
    كجم غرام غراما جرام لتر لترا قطعة صفحة سيارة حصان بقرة كلب قطة عصفور سمكة תפוחים ספרים ילדים ילדות שקלים שקל ש"ח
    ש״ח מטרים מטר ק"מ ק״מ ס"מ ס״מ קילומטרים קילומטר סנטימטרים שעות דקות שניות ימים יום שבועות חודשים שנים שנה אנשים
    איש תלמידים תלמיד סטודנטים דולרים דולר יורו ק"ג ק״ג קילוגרם גרם ליטר ליטרים עפרונות כדורים פרחים עצים ביצים
    סוכריות עוגיות דרכים אפשרויות נקודות מעלות עמודים מכוניות כלבים חתולים ציפורים דגים תפוזים בננות כיסאות שולחנות
    חדרים מ"ר קופסאות בקבוקים מחברות שאלות גולות सेब किताबें किताब पुस्तकें पुस्तक बच्चे बच्चों रुपये रुपए रुपया रु
    रु. मीटर किलोमीटर किमी सेमी सेंटीमीटर घंटे घंटा मिनट सेकंड दिन वर्ष साल सप्ताह महीने लोग व्यक्ति छात्र छात्रों
    विद्यार्थी लड़के लड़कियाँ लड़कियां लड़कियों पेड़ आम संतरे केले अंडे फूल गेंदें गेंद पेन पेंसिल कलम वर्ग_मीटर
    वर्ग_सेमी घन_मीटर किलोग्राम किग्रा ग्राम लीटर तरीके प्रश्न अंक पृष्ठ पन्ने कुर्सियाँ गाय कुत्ते बिल्लियाँ पक्षी
    मछलियाँ टॉफियाँ टॉफी मिठाइयाँ डॉलर पैसे बोतलें डिब्बे कारें डिग्री इकाई सिक्के मजदूर कर्मचारी टुकड़े บาท คน ลูก
    ผล เล่ม เมตร กิโลเมตร ชั่วโมง นาที วินาที วัน ปี สัปดาห์ เดือน ตัว ดอก ต้น วิธี ชิ้น อัน กิโลกรัม เซนติเมตร
    มิลลิเมตร กรัม ลิตร แท่ง ด้าม ฟอง ใบ ขวด กล่อง คัน หลัง ห้อง แผ่น แต้ม คะแนน หน้า ข้อ ตารางเมตร ตารางเซนติเมตร
    ดอลลาร์ องศา แบบ เม็ด กม. ซม. ม. กก. ถุง จาน แก้ว เหรียญ สตางค์ หน่วย ขวบ táo quả_táo quả_cam quả_trứng quả_bóng
    quả người ngày giờ phút giây tuần tháng năm quyển_sách quyển_vở cuốn_sách quyển cuốn đồng mét ki-lô-mét cách
    cách_xếp cách_chọn học_sinh cây con con_gà con_vịt con_cá con_bò con_mèo con_chó bông_hoa bông viên_bi viên_kẹo
    viên cái cái_kẹo cái_bánh cái_bút chiếc chiếc_xe chiếc_bút lít tuổi tấn gam kg km cm mét_vuông độ điểm
    số_tự_nhiên bài trang bạn bạn_nam bạn_nữ xe hộp chai lớp tấm túi quả_chuối đô_la công_nhân cây_bút bút_chì trứng
    apel buku rupiah anak jam menit detik minggu bulan siswa cara pohon bunga pensil kelereng telur ekor ekor_ayam
    ekor_ikan ekor_sapi ekor_kambing butir butir_telur butir_kelereng batang batang_pensil lembar helai keping kue
    permen murid mobil sepeda rumah kursi meja kotak botol kantong karung meter_persegi sentimeter kilometer meter
    gram kilogram ton jeruk mangga pisang buah_apel buah_jeruk buah_buku orang_siswa bola halaman soal poin derajat
    dolar km/jam rute pekerja hari tahun äpplen böcker barn kronor kr meter timmar minuter dagar veckor månader år
    personer sätt elever blommor träd kulor sekunder kilometer centimeter kvadratmeter kvadratcentimeter gram
    kilogram bilar hundar katter fåglar fiskar hästar kor ägg päron apelsiner bananer kakor bullar karameller pennor
    sidor poäng grader flickor pojkar flaskor lådor stolar bord hus rum dollar öre kort bollar bitar styck biljetter
    mynt æbler eple epler bøker bøger børn dager dage timer uger uker måneder kroner elever_i_klassen blomster trær
    træer omenaa kirjaa lasta euroa metriä tuntia minuuttia sekuntia päivää viikkoa kuukautta vuotta henkilöä
    ihmistä tapaa oppilasta kukkaa puuta kilometriä senttimetriä neliömetriä grammaa kiloa kilogrammaa litraa
    senttiä autoa koiraa kissaa lintua kalaa hevosta lehmää munaa palloa kynää sivua pistettä astetta tyttöä poikaa
    pulloa laatikkoa tuolia karkkia keksiä appelsiinia dollaria palaa kappaletta korttia lippua eri_tapaa jablek
    jablka knih knihy dětí korun koruny kč metrů kilometrů hodin hodiny minut minuty sekund dní týdnů měsíců let
    roků osob způsobů žáků studentů květin stromů kuliček bonbonů lidí aut psů koček ptáků ryb koní krav slepic
    vajec hrušek pomerančů tužek sešitů stran bodů stupňů gramů kilogramů litrů centimetrů dívek chlapců lahví
    krabic židlí stolů domů pokojů eur dolarů kusů kol míčů karet lístků mincí příkladů μήλα βιβλία παιδιά ευρώ
    μέτρα χιλιόμετρα ώρες λεπτά δευτερόλεπτα μέρες ημέρες εβδομάδες μήνες χρόνια έτη άτομα τρόποι τρόπους μαθητές
    μαθήτριες λουλούδια δέντρα πορτοκάλια αυγά αβγά μπάλες μολύβια στυλό τετράδια σελίδες βαθμοί μοίρες γραμμάρια
    κιλά λίτρα εκατοστά τετραγωνικά_μέτρα δολάρια λεπτά_του_ευρώ καραμέλες μπισκότα σκύλοι γάτες πουλιά ψάρια άλογα
    αγελάδες αυτοκίνητα σπίτια δωμάτια καρέκλες τραπέζια κουτιά μπουκάλια κορίτσια αγόρια άνθρωποι φοιτητές σημεία
"""
COUNTED = frozenset(word.replace("_", " ").lower() for word in _NOUNS.split())
"""What may stand behind a number, in lower case."""

_CHINESE = """
    元 块 塊 角 分 个 個 人 只 隻 本 张 張 枚 岁 歲 名 位 次 回 种 種 组 組 棵 朵 条 條 件 辆 輛 头 頭 匹 颗 顆 粒
    支 枝 道 层 層 座 家 箱 页 頁 排 根 盏 台 架 艘 间 間 套 份 把 盒 瓶 杯 袋 包 片 幅 篇 首 句 字 部 门 門 栋 桶
    碗 串 捆 堆 群 班 节 段 轮 圈 步 题 局 场 項 项 票 株 口 所 扇 顶 列 行
"""
_CHINESE_UNITS = """
    米 厘米 毫米 千米 公里 克 千克 公斤 吨 升 毫升 天 小时 小時 分钟 分鐘 秒 年 月 个月 個月 周 星期 平方米 平方厘米
    立方米 立方厘米 度 人民币 美元 块钱 元钱 毛 角钱 分米 公顷 亩 斤 米/秒 千米/时 千米/小时 公里/小时 周岁 周年
    度角
"""
_CHINESE_NOUNS = """
    苹果 蘋果 橘子 橙子 梨 桃子 香蕉 西瓜 学生 學生 同学 老师 男生 女生 孩子 小朋友 小孩 人 工人 客人 乘客 观众 鸡
    鸭 鹅 兔子 兔 牛 羊 马 猪 狗 猫 鸟 鱼 书 图书 故事书 花 红花 树 车 汽车 自行车 卡车 铅笔 笔 钢笔 糖 糖果 题 题目
    票 球 小球 红球 白球 足球 篮球 方法 办法 方案 选法 排法 走法 不同的方法 不同方法 方式 情况 可能 解 点 边 角 顶点
    三角形 正方形 长方形 圆 数 整数 自然数 素数 质数 因数 约数 位置 房间 房子 桌子 椅子 盒子 箱子 瓶子 杯子 鸡蛋 蛋
    面包 饼干 蛋糕 巧克力 玩具 气球 硬币 邮票 卡片 零件 产品 小时 钟头 星期 世纪 月饼 座位 学校 班级 城市 村庄
"""
_JAPANESE = """
    円 個 こ 人 本 冊 枚 匹 歳 才 台 通り 回 分 秒 時間 日 日間 週間 年 年間 か月 ヶ月 カ月 ヵ月 つ 頭 羽 階 杯 点
    メートル キロメートル センチメートル センチ ミリメートル キロ グラム キログラム リットル 度 名 問 脚 足 着 株 軒
    組 箱 袋 皿 番 ページ ドル ユーロ 平方メートル 平方センチメートル 立方センチメートル 種類 箇所 か所 羽 束 切れ
    粒 試合 ポイント 単位 セット 票 cm km m kg g
"""
_JAPANESE_NOUNS = """
    りんご リンゴ みかん ミカン オレンジ バナナ 生徒 学生 子供 子ども 人 男の子 女の子 鉛筆 ペン 本 ノート 花 木 犬
    猫 鳥 魚 馬 牛 鶏 卵 玉 ボール 球 カード コイン 硬貨 切手 飴 あめ キャンディ クッキー ケーキ パン 車 自転車 椅子
    机 箱 点 辺 頂点 三角形 正方形 数 整数 素数 約数 解 方法 選び方 並べ方 道
"""
_KOREAN = """
    원 개 명 마리 권 장 살 세 시간 분 초 일 년 년간 일간 주 주일 개월 달 미터 킬로미터 센티미터 밀리미터 그램
    킬로그램 리터 번 가지 그루 대 송이 점 자루 병 달러 유로 도 잔 쪽 페이지 층 칸 줄 상자 봉지 조각 채 벌 포기 톤
    평방미터 제곱미터 제곱센티미터 세제곱센티미터 사람 km cm m kg g 회 인 문제 단위 통 척
"""
_KOREAN_NOUNS = """
    사과 귤 오렌지 바나나 학생 아이 어린이 사람 책 연필 공책 펜 꽃 나무 공 구슬 사탕 과자 케이크 빵 달걀 계란 개
    강아지 고양이 새 물고기 말 소 닭 자동차 차 자전거 의자 책상 상자 방 카드 동전 우표 점 변 꼭짓점 삼각형 정사각형
    수 정수 소수 약수 해 방법 경우 경우의_수 길 표 문제 장난감 풍선 쿠키
"""


def _any(words: str) -> str:
    """An alternation, the longest words first."""
    found = {re.escape(word.replace("_", " ")) for word in words.split()}
    return "|".join(sorted(found, key=lambda word: (-len(word), word)))


_COUNTERS = re.compile(
    rf"(?:(?:{_any(_CHINESE_UNITS)})"
    rf"|(?:{_any(_CHINESE)})(?:不同的)?(?:{_any(_CHINESE_NOUNS)})?"
    rf"|(?:{_any(_JAPANESE)})(?:の(?:{_any(_JAPANESE_NOUNS)}))?(?:です|である|でした|になります)?|です|である"
    rf"|(?:{_any(_KOREAN)})(?:의 ?(?:{_any(_KOREAN_NOUNS)}))?(?:입니다|이다|이에요|예요|이 됩니다|다)?|입니다|이다)"
)


@functools.lru_cache(maxsize=4096)
def is_counted(text: str) -> bool:
    """Whether a text names what is counted or measured, in a language of the lists.

    >>> [is_counted(text) for text in ("jabłek", "个苹果", "個のりんごです", "개입니다", "万", "个以上")]
    [True, True, True, True, False, False]
    """
    return text.lower() in COUNTED or text.lower().rstrip(".") in COUNTED or _COUNTERS.fullmatch(text) is not None
