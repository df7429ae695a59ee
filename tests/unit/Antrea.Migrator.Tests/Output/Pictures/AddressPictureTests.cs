using System.Net;
using System.Xml.Linq;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;
using Antrea.Migrator.Output.Pictures;

namespace Antrea.Migrator.Tests.Output.Pictures;

public class AddressPictureTests
{
    private const string Hostile = "</title></svg><script>alert(1)</script>\"'&\u0000\u001b\u202e\ud800";

    [TestCase(3)]
    [TestCase(200)]
    [TestCase(5000)]
    public void Of_AnyNumberOfNodes_NothingLiesOutsideTheViewBox(int nodes)
    {
        var picture = Draw(Cluster(nodes));
        var points = picture.Parts.OfType<PictureLine>().SelectMany(l => l.Points.AsEnumerable())
            .Concat(picture.Parts.OfType<PictureText>().Select(t => (t.X, Y: t.Baseline)))
            .Concat(picture.Parts.OfType<PictureBox>().SelectMany(b => new (double X, double Y)[] { (b.Across.Left, b.Top), (b.Across.Right, b.Top + b.Height) }));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(points.Where(p => !(p.X >= 0 && p.X <= picture.Width && p.Y >= 0 && p.Y <= picture.Height)), Is.Empty);
            Assert.That(picture.Parts.OfType<PictureBox>().Where(b => !(b.Across.Width > 0)), Is.Empty);
        }
    }

    [Test]
    public void Of_FiveThousandNodes_DrawsABoundedNumberOfShapes()
    {
        var picture = Draw(Cluster(5000));
        var lanes = picture.Parts.OfType<PictureBox>().Where(b => b.Look is "block" or "block run").GroupBy(b => b.Top).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lanes, Has.Count.EqualTo(2), "one lane a family");
            Assert.That(lanes.Select(l => l.Count()), Is.All.LessThanOrEqualTo(AddressPictureLayout.MostBoxesALane));
            Assert.That(picture.Parts, Has.Length.LessThan(6000));
            Assert.That(picture.Parts.OfType<PictureBox>().Count(b => b.Look == "badge"), Is.LessThanOrEqualTo(40));
            Assert.That(SvgPicture.Write(picture), Has.Length.LessThan(3_000_000));
        }
    }

    [Test]
    public void Of_AClash_IsMarkedInBothLanesWhereTheRangesAre()
    {
        var picture = Draw(Cluster(3));
        var boxes = picture.Parts.OfType<PictureBox>().ToList();
        var block = boxes.Single(b => b.Tooltip == "10.0.1.0/26 Calico block of Node node2");
        var podCidr = boxes.Single(b => b.Tooltip == "10.0.1.0/24 PodCIDR of Node node1");
        var marks = boxes.Where(b => b.Look == "clash" && b.Tooltip?.Contains("10.0.1.0/26", StringComparison.Ordinal) == true).ToList();
        var band = boxes.Single(b => b.Look == "band" && b.Tooltip == marks[0].Tooltip);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(marks.Select(m => (m.Across, m.Top)), Is.EqualTo([(block.Across, block.Top), (block.Across, podCidr.Top)]));
            Assert.That((band.Across, band.Top, band.Top + band.Height), Is.EqualTo((block.Across, block.Top, podCidr.Top + podCidr.Height)));
            Assert.That(block.Across.Left, Is.EqualTo(podCidr.Across.Left));
            Assert.That(block.Across.Right, Is.LessThan(podCidr.Across.Right));
            Assert.That(
                marks[0].Tooltip, Does.StartWith("CLASH: 10.0.1.0/26 Calico block of Node node2 lies in 10.0.1.0/24 PodCIDR of Node node1\nCut off: Pod default/pod2 from "));
        }
    }

    [TestCase("10.0.0.0/26", "10.0.0.0/24", TestName = "Of_AMarkOverTheStart_TheLabelStandsBehindIt")]
    [TestCase("10.0.0.64/26", "10.0.0.0/24", TestName = "Of_AMarkInTheMiddle_NoLabelReachesUnderIt")]
    [TestCase("fd00:10::40/122", "fd00:10::/64", TestName = "Of_AMarkInIPv6_NoLabelReachesUnderIt")]
    public void Of_AMark_HidesNoLabel(string block, string podCidr)
    {
        var picture = Draw(Snapshot([("a", podCidr)], [("b", block)], []));
        var marks = picture.Parts.OfType<PictureBox>().Where(b => b.Look == "band").ToList();
        var labels = picture.Parts.OfType<PictureText>().Where(t => t.Look == "label").ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(marks, Is.Not.Empty);
            Assert.That(
                labels.Where(t => marks.Exists(m => t.Baseline > m.Top && t.Baseline < m.Top + m.Height
                    && t.X < m.Across.Right && t.X + PictureText.WidthOf(t.Text) > m.Across.Left)),
                Is.Empty);
        }
    }

    /// <summary>The line from a number to its mark goes down through the lanes above the mark.</summary>
    [Test]
    public void Of_TheLineToAMark_CrossesNoLabel()
    {
        var snapshot = Cluster(1000);
        IPPool[] pools = [new() { Name = "pool4", Cidr = Cidr.Parse("10.0.0.0/8"), BlockSize = 26 }, new() { Name = "pool6", Cidr = Cidr.Parse("fd00:10:244::/48"), BlockSize = 122 }];
        var picture = Draw(snapshot with { CalicoIpam = snapshot.CalicoIpam with { Pools = [.. pools] } });
        var lines = picture.Parts.OfType<PictureLine>().Where(l => l.Look == "leader").ToList();
        var labels = picture.Parts.OfType<PictureText>().Where(t => t.Look == "label").ToList();
        var crossed = labels.Where(t => lines.Exists(l =>
            l.Points[^2].Y < t.Baseline && l.Points[^1].Y > t.Baseline && l.Points[^1].X > t.X - 1 && l.Points[^1].X < t.X + PictureText.WidthOf(t.Text)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines, Is.Not.Empty);
            Assert.That(labels, Is.Not.Empty);
            Assert.That(crossed.Select(t => t.Text), Is.Empty);
        }
    }

    /// <summary>Names of Nodes can have 253 characters, and clouds give long ones.</summary>
    [TestCase("ip-10-0-123-45.eu-central-1.compute.internal", TestName = "Of_LongNames_SentencesGoOnInTheNextLine")]
    [TestCase("a123456789b123456789c123456789d123456789e123456789f123456789g12.a123456789b123456789c123456789d123456789e123456789f123456789g12."
        + "a123456789b123456789c123456789d123456789e123456789f123456789g12.a123456789b123456789c123456789d123456789e123456789f123456789", TestName = "Of_TheLongestNames_AreCut")]
    public void Of_LongNames_NoTextLeavesThePicture(string name)
    {
        var picture = Draw(Snapshot([("a" + name, "10.0.0.0/24")], [("b" + name, "10.0.0.64/26")], [("b" + name, "p" + name, "10.0.0.65")]));
        var sentence = picture.Parts.OfType<PictureText>().SkipWhile(t => !t.Text.StartsWith("1: ", StringComparison.Ordinal)).TakeWhile(t => !t.Text.StartsWith("contested", StringComparison.Ordinal)).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(sentence.Select(t => t.X + PictureText.WidthOf(t.Text)), Has.All.LessThan(picture.Width));
            Assert.That(sentence.Select(t => t.Baseline), Is.Unique.And.Ordered);
            Assert.That(sentence, Has.Count.GreaterThan(1));
            Assert.That(string.Join(' ', sentence.Select(t => t.Text)), Does.Contain("10.0.0.64/26 Calico block of Node b").And.Contain(" lies in 10.0.0.0/24 PodCIDR of Node a"));
        }
    }

    /// <summary>The pool's box is cut where nobody uses its addresses.</summary>
    [Test]
    public void Of_ABreakMark_HidesNoLabel()
    {
        var snapshot = Snapshot([("a", "10.0.1.0/24"), ("b", "10.0.64.0/24")], [("a", "10.0.32.0/26")], []);
        var picture = Draw(snapshot with { CalicoIpam = snapshot.CalicoIpam with { Pools = [new IPPool { Name = "pool", Cidr = Cidr.Parse("10.0.0.0/16"), BlockSize = 26 }] } });
        var cuts = picture.Parts.OfType<PictureLine>().Where(l => l.Look == "cut").ToList();
        var label = picture.Parts.OfType<PictureText>().Single(t => t.Look == "label" && t.Text == "10.0.0.0/16");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cuts, Has.Count.GreaterThan(1));
            Assert.That(cuts.SelectMany(c => c.Points).Where(p => p.X > label.X - 1 && p.X < label.X + PictureText.WidthOf(label.Text)), Is.Empty);
        }
    }

    [Test]
    public void Of_BothFamilies_IPv6LiesBelowIPv4AndIsMarkedToo()
    {
        var picture = Draw(Cluster(3));
        var families = picture.Parts.OfType<PictureText>().Where(t => t.Look == "family").ToList();
        var clash6 = picture.Parts.OfType<PictureBox>().First(b => b.Look == "clash" && b.Tooltip!.Contains("fd00:10:244:", StringComparison.Ordinal));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(families.Select(f => f.Text.Split(':')[0]), Is.EqualTo(["IPv4", "IPv6"]));
            Assert.That(clash6.Top, Is.GreaterThan(families[1].Baseline));
        }
    }

    [Test]
    public void Of_NothingKnown_IsAnEmptyPictureWithItsLegend() =>
        Assert.That(Draw(new ClusterSnapshot()).Parts.OfType<PictureText>().Select(t => t.Look), Is.EqualTo(["heading", "text", "text", "text"]));

    [TestCase("0.0.0.0/0", "10.0.0.0/26")]
    [TestCase("10.0.0.0/32", "10.0.0.0/32")]
    [TestCase("255.255.255.255/32", "255.255.255.192/26")]
    [TestCase("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128")]
    [TestCase("::/128", "::/122")]
    public void Of_TheLargestAndSmallestPrefixes_AreDrawnWhereTheyNest(string podCidr, string block)
    {
        var picture = Draw(Snapshot([("a", podCidr)], [("b", block)], []));
        var boxes = picture.Parts.OfType<PictureBox>().ToList();
        var outer = boxes.Single(b => b.Look == "podcidr" && b.Tooltip!.StartsWith($"{podCidr} PodCIDR", StringComparison.Ordinal)).Across;
        var inner = boxes.Single(b => b.Look == "block" && b.Tooltip!.StartsWith($"{block} Calico block", StringComparison.Ordinal)).Across;
        (outer, inner) = outer.Width >= inner.Width ? (outer, inner) : (inner, outer);
        Assert.That((inner.Left >= outer.Left, inner.Right <= outer.Right, boxes.Count(b => b.Look == "clash") >= 2), Is.EqualTo((true, true, true)));
    }

    [Test]
    public void Of_RangesInAnyOrder_IsTheSamePicture()
    {
        var cluster = Cluster(40);
        var shuffled = cluster with { Nodes = [.. cluster.Nodes.Reverse()], Pods = [.. cluster.Pods.Reverse()] };
        Assert.That(SvgPicture.Write(Draw(shuffled)), Is.EqualTo(SvgPicture.Write(Draw(cluster))));
    }

    [Test]
    public void Write_HostileNames_StayText()
    {
        var picture = Draw(Snapshot([(Hostile, "10.0.0.0/24")], [(Hostile, "10.0.0.0/26")], [(Hostile, Hostile, "10.0.0.5")]));
        using (Assert.EnterMultipleScope())
        {
            foreach (var text in new[] { SvgPicture.Write(picture), SvgPicture.WritePage(picture).Replace("<!DOCTYPE html>\n", "", StringComparison.Ordinal) })
            {
                var elements = XDocument.Parse(text).Descendants().ToList();
                Assert.That(
                    elements.Select(e => e.Name.LocalName).Distinct(),
                    Is.SubsetOf(["html", "head", "meta", "body", "svg", "title", "style", "rect", "text", "polyline"]));
                Assert.That(elements.SelectMany(e => e.Attributes()).Where(a => a.Name.LocalName.StartsWith("on", StringComparison.Ordinal)), Is.Empty);
                Assert.That(text, Does.Contain("&lt;script&gt;alert(1)").And.Contain('\ufffd').And.Not.Contain('\u001b').And.Not.Contain('\u202e'));
            }
        }
    }

    [Test]
    public void Write_AVeryLongName_IsCut()
    {
        var picture = Draw(Snapshot([(new string('n', 1_000_000), "10.0.0.0/24")], [], []));
        Assert.That(SvgPicture.Write(picture), Has.Length.LessThan(20_000));
    }

    private static Picture Draw(ClusterSnapshot snapshot)
    {
        var analysis = AddressAnalyzer.Analyze(snapshot);
        var cutOff = CutOffAnalyzer.Analyze(snapshot, ReachabilityModel.FromSnapshot(snapshot));
        return AddressPictureLayout.Of(analysis, cutOff, PoolAdvisor.Suggest(snapshot, analysis));
    }

    /// <summary>Dual stack; every third Node has a block at the start of the PodCIDR of the Node before it, with a Pod in it.</summary>
    private static ClusterSnapshot Cluster(int nodes)
    {
        var (podCidrs4, podCidrs6) = (Cidr.Parse("10.0.0.0/8"), Cidr.Parse("fd00:10:244::/48"));
        var blocks4 = Enumerable.Range(0, nodes).Select(i => i % 3 == 2 ? podCidrs4.Subnet(24, (UInt128)(i - 1)).Subnet(26, 0) : podCidrs4.Subnet(26, (UInt128)(200_000 + (3 * i))));
        var blocks6 = Enumerable.Range(0, nodes).Select(i => podCidrs6.Subnet(64, (UInt128)(2 * i)).Subnet(122, 5));
        return Snapshot(
            [
                .. Enumerable.Range(0, nodes).Select(i => ($"node{i}", podCidrs4.Subnet(24, (UInt128)i).ToString())),
                .. Enumerable.Range(0, nodes).Select(i => ($"node{i}", podCidrs6.Subnet(64, (UInt128)i).ToString())),
            ],
            [.. blocks4.Concat(blocks6).Select((b, i) => ($"node{i % nodes}", b.ToString()))],
            [.. blocks4.Select((b, i) => ($"node{i}", $"pod{i}", b.AddressAt(3).ToString()))]);
    }

    private static ClusterSnapshot Snapshot(
        (string Node, string Range)[] podCidrs, (string Node, string Range)[] blocks, (string Node, string Name, string Address)[] pods) => new()
        {
            Nodes =
            [
                .. podCidrs.GroupBy(p => p.Node).Select((g, i) => new NodeInfo
                {
                    Name = g.Key,
                    PodCidrs = [.. g.Select(p => Cidr.Parse(p.Range))],
                    InternalIPs = [Cidr.Parse("172.18.0.0/16").AddressAt((UInt128)i + 1)],
                }),
            ],
            Pods = [.. pods.Select(p => new PodInfo { Namespace = "default", Name = p.Name, NodeName = p.Node, PodIPs = [IPAddress.Parse(p.Address)] })],
            CalicoIpam = new CalicoIpam(
                [], [.. blocks.Select(b => new IpamBlock { Name = b.Range, Cidr = Cidr.Parse(b.Range), Node = b.Node })], []),
        };
}
