using System.Collections.Immutable;
using System.Xml.Linq;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;
using Antrea.Migration.Tests.House;
using Antrea.Migrator.Output.Pictures;
using Antrea.Migrator.Output.Timelines;

namespace Antrea.Migrator.Tests.Output.Timelines;

public class TimelineLayoutTests
{
    private static readonly FlowName Flow = new("default/client", "nginx-origin");

    private static readonly DateTimeOffset Start = new(2023, 10, 14, 12, 0, 0, TimeSpan.Zero);

    private static IEnumerable<TestCaseData> Runs()
    {
        yield return Run("nothing at all", Of(TimeSpan.Zero, 0, []));
        yield return Run("ten seconds without an outage", Of(TimeSpan.FromSeconds(10), 500, []));
        yield return Run("ten seconds with a freeze", Of(TimeSpan.FromSeconds(10), 500, [(3, 7)]));
        yield return Run("an outage from beginning to end", Of(TimeSpan.FromSeconds(60), 3000, [(0, 60)]));
        yield return Run("an hour with a hundred outages", Of(TimeSpan.FromHours(1), 180_000, [.. Enumerable.Range(0, 100).Select(i => (i * 36.0, (i * 36.0) + 1))]));
        yield return Run("a day that flaps each second", Of(TimeSpan.FromDays(1), 100_000, [.. Enumerable.Range(0, 43_200).Select(i => (i * 2.0, (i * 2.0) + 1))]));
        yield return Run("a migration", Migration());
        yield return Run("fifty flows", Migration() with { Lanes = [.. Enumerable.Range(0, 50).Select(i => Migration().Lanes[0] with { Name = $"flow {i}" })] });

        static TestCaseData Run(string name, Timeline timeline) => new TestCaseData(timeline).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Runs))]
    public void Of_AnyRun_StaysInItsFrameAndSmall(object timeline)
    {
        var picture = TimelineLayout.Of((Timeline)timeline);
        var points = picture.Parts.OfType<PictureLine>().SelectMany(l => l.Points.AsEnumerable())
            .Concat(picture.Parts.OfType<PictureDots>().SelectMany(d => d.Points.AsEnumerable()))
            .Concat(picture.Parts.OfType<PictureText>().Select(t => (t.X, Y: t.Baseline)))
            .Concat(picture.Parts.OfType<PictureBox>().SelectMany(b => new (double X, double Y)[] { (b.Across.Left, b.Top), (b.Across.Right, b.Top + b.Height) }));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(points.Where(p => !(p.X >= 0 && p.X <= picture.Width && p.Y >= 0 && p.Y <= picture.Height)), Is.Empty);
            Assert.That(picture.Parts.OfType<PictureBox>().Where(b => !(b.Across.Width > 0)), Is.Empty);
            Assert.That(picture.Parts, Has.Length.LessThan(3000));
            Assert.That(SvgPicture.WritePage(picture), Has.Length.LessThan(1_000_000));
        }
    }

    [Test]
    public void Of_AFreeze_IsASpanOfItsLengthWithWhatIsKnown()
    {
        var picture = TimelineLayout.Of(Of(TimeSpan.FromSeconds(10), 500, [(3, 7)]));
        var box = picture.Parts.OfType<PictureBox>().Single(b => b is { Look: "outage", Tooltip: not null });
        var lane = picture.Parts.OfType<PictureBox>().Single(b => b.Look == "lane");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(box.Across.Width, Is.EqualTo(lane.Across.Width * 0.4).Within(0.1));
            Assert.That(box.Tooltip, Is.EqualTo("Outage from 00:00:03.000 for 4.00s, 7 lost, Timeout, phase MultusPods, under restart on worker3"));
            Assert.That(picture.Parts.OfType<PictureText>().Single(t => t.Look == "lost").Text, Is.EqualTo("4.00s"));
            Assert.That(picture.Words, Does.Contain($"Outage of {Flow} from 00:00:03.000 for 4.00s, 7 lost, Timeout, phase MultusPods, under restart on worker3."));
        }
    }

    [Test]
    public void Of_AMigration_HasABandForEachPhaseAndMarksRestarts()
    {
        var picture = TimelineLayout.Of(Migration());
        var boxes = picture.Parts.OfType<PictureBox>().ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                boxes.Where(b => b.Look.StartsWith("phase", StringComparison.Ordinal)).Select(b => b.Tooltip!.Split(',')[0]),
                Is.EqualTo(["Before", "InstallAntrea", "MultusPods", "AntreaPods"]));
            Assert.That(boxes.Where(b => b is { Look: "nodes", Tooltip: not null }).Select(b => b.Tooltip), Is.EqualTo(
                ["Pods restarted on worker1", "Pods restarted on worker2", "Pods restarted on worker3"]));
        }
    }

    [Test]
    public void Of_MoreFlowsThanThereIsRoomFor_DrawsThoseWithTheLongestOutages()
    {
        var quiet = Migration().Lanes[1];
        var loud = Migration().Lanes[0];
        var picture = TimelineLayout.Of(Migration() with { Lanes = [.. Enumerable.Repeat(quiet, 20), loud] });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(picture.Parts.OfType<PictureText>().Select(t => t.Text), Does.Contain(loud.Name));
            Assert.That(picture.Parts.OfType<PictureText>().Select(t => t.Text), Has.Some.EqualTo("… and 9 more flows with outages no longer than these"));
        }
    }

    [Test]
    public void Of_NamesThatAreMarkup_StayTextAndNothingIsLoaded()
    {
        const string hostile = "\"><script src=\"http://evil\"></script>\u0000";
        var lane = Migration().Lanes[0] with { Name = hostile };
        var picture = TimelineLayout.Of(Migration() with { Title = hostile, Lanes = [lane], Phases = [new LoadPhase(TimeSpan.Zero, hostile, hostile)] });
        foreach (var text in new[] { SvgPicture.Write(picture), SvgPicture.WritePage(picture).Replace("<!DOCTYPE html>\n", "", StringComparison.Ordinal) })
        {
            var names = XDocument.Parse(text).Descendants().Select(e => e.Name.LocalName).Distinct();
            Assert.That(names, Is.SubsetOf(["html", "head", "meta", "title", "body", "ul", "li", "svg", "desc", "style", "rect", "text", "polyline", "path"]));
        }
    }

    [Test]
    public void Of_TheSameMigration_IsTheSamePicture() =>
        Approval.Verify(SvgPicture.Write(TimelineLayout.Of(Of(TimeSpan.FromSeconds(10), 50, [(3, 7)]))), "Freeze");

    /// <summary>Requests at a steady pace; those within outages fail or wait for their end.</summary>
    private static Timeline Of(TimeSpan elapsed, int requests, (double From, double To)[] outages)
    {
        var dots = ImmutableArray.CreateBuilder<LoadDot>();
        var stride = (requests / 4096) + 1; // as reports thin them
        var interval = requests == 0 ? TimeSpan.Zero : elapsed / requests;
        var outage = 0;
        for (var i = 0; i < requests; i += stride)
        {
            var due = interval * i;
            while (outage < outages.Length && due.TotalSeconds >= outages[outage].To)
            {
                outage++;
            }

            var isLost = outage < outages.Length && due.TotalSeconds >= outages[outage].From;
            dots.Add(new LoadDot(
                due,
                isLost ? TimeSpan.FromSeconds(Math.Min(2, outages[outage].To - due.TotalSeconds)) : TimeSpan.FromMilliseconds(0.8 + ((i * 7919) % 97 / 40.0) + (i % 211 == 0 ? 30 : 0)),
                !isLost || i % 3 != 0));
        }

        return new Timeline(
            $"http://nginx-origin: {outages.Length} outages",
            Start,
            elapsed,
            [],
            [new TimelineLane("Open model", $"{requests} due", [.. outages.Select(o => Window(Flow, o.From, o.To))], dots.ToImmutable(), requests > 100_000 ? [(1200, 40)] : [])]);
    }

    private static OutageWindow Window(FlowName flow, double from, double to) =>
        new(flow, Start.AddSeconds(from), Start.AddSeconds(to), 7, ProbeFailureCause.Timeout, "MultusPods", true) { Nodes = "worker3" };

    private static Timeline Migration()
    {
        var lane = Of(TimeSpan.FromMinutes(4), 1000, [(130, 131.5), (170, 174)]).Lanes[0];
        return new Timeline(
            "Traffic during the migration: 2 outages, the longest of 4.00s",
            Start,
            TimeSpan.FromMinutes(4),
            [
                new LoadPhase(TimeSpan.Zero, "Before"),
                new LoadPhase(TimeSpan.FromSeconds(30), "InstallAntrea"),
                new LoadPhase(TimeSpan.FromSeconds(110), "MultusPods"),
                new LoadPhase(TimeSpan.FromSeconds(120), "MultusPods", "worker1"),
                new LoadPhase(TimeSpan.FromSeconds(128), "MultusPods", "worker2"),
                new LoadPhase(TimeSpan.FromSeconds(150), "MultusPods"),
                new LoadPhase(TimeSpan.FromSeconds(160), "AntreaPods", "worker3"),
                new LoadPhase(TimeSpan.FromSeconds(200), "AntreaPods"),
            ],
            [
                lane with { Name = Flow.ToString(), Totals = "1000 requests, 9 lost, 0 not sent" },
                Of(TimeSpan.FromMinutes(4), 1000, []).Lanes[0] with { Name = "worker1 → nginx-origin", Totals = "1000 requests, 0 lost, 0 not sent" },
            ]);
    }
}
