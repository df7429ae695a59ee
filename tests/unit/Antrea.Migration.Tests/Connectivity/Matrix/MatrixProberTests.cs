using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Connectivity;

namespace Antrea.Migration.Tests.Connectivity;

public class MatrixProberTests
{
    private static readonly MatrixEndpoint A = End("shop/web", "n1");
    private static readonly MatrixEndpoint B = End("shop/db", "n2", 5432, 9090);
    private static readonly ImmutableArray<MatrixEndpoint> Ends = [A, B];
    private static readonly MatrixExpectation Allow = new(MatrixVerdict.Allow, "");
    private static readonly MatrixExpectation Deny = new(MatrixVerdict.Deny, "Calico, ingress: rule 3");

    [Test]
    public async Task ProbeAsync_EveryOutcome_IsHeldAgainstWhatIsExpected()
    {
        var matrix = await ProbeAsync(port => port == 5432, pair => pair.Port == 5432 ? Deny : Allow);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(matrix.Cells.Select(c => c.Judgement), Is.EqualTo([MatrixJudgement.OpenedAgainstExpectation, MatrixJudgement.ClosedAgainstExpectation]));
            Assert.That(matrix.Cells[0].ToString(), Is.EqualTo("shop/web → shop/db TCP 5432 gets through, but is denied by Calico, ingress: rule 3"));
            Assert.That(matrix.Cells[1].ToString(), Does.StartWith("shop/web → shop/db TCP 9090 does not get through (refused:").And.EndWith("but is allowed"));
            Assert.That(matrix.IsAsExpected, Is.False);
            Assert.That((await ProbeAsync(port => port == 5432, pair => pair.Port == 5432 ? Allow : Deny)).IsAsExpected, Is.True);
            Assert.That((await ProbeAsync(_ => true, null)).Cells, Has.All.Property(nameof(MatrixCell.Judgement)).EqualTo(MatrixJudgement.NotJudged));
        }
    }

    [Test]
    public async Task ProbeAsync_AConnectionLostOnce_IsTriedAgainUnlessItShouldBeLost()
    {
        var tries = new Dictionary<int, int>();
        var matrix = await ProbeAsync(
            port =>
            {
                lock (tries)
                {
                    return (tries[port] = tries.GetValueOrDefault(port) + 1) > 1;
                }
            },
            pair => pair.Port == 5432 ? Allow : Deny);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(matrix.IsAsExpected, Is.True);
            Assert.That(tries, Is.EqualTo(new Dictionary<int, int> { [5432] = 2, [9090] = 1 }));
        }
    }

    [Test]
    public async Task ProbeAsync_APodThatIsGone_IsSaidAndIsNotAsExpected()
    {
        var prober = new MatrixProber(new ConnectingMatrixTransport((_, _, _) => throw new ArgumentException("no Pod shop/web")));
        var matrix = await prober.ProbeAsync("all", Ends, MatrixPairs.AllToAll(Ends));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(matrix.Count(MatrixJudgement.NotTried), Is.EqualTo(2));
            Assert.That(matrix.Cells[0].ToString(), Does.Contain("was not tried: no Pod shop/web"));
            Assert.That(matrix.IsAsExpected, Is.False);
        }
    }

    [Test]
    public void Pairs_OfOneToAllAndAllToOne_AreTheRowAndTheColumn()
    {
        ImmutableArray<MatrixEndpoint> ends = [A, B, End("shop/api-1", "n1", 80) with { Workload = "shop/api" }, End("shop/mute", "n1", 80) with { CanSend = false }];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Names(MatrixPairs.OneToAll(ends, "shop/api")), Is.EqualTo(["shop/api-1>shop/db:5432", "shop/api-1>shop/db:9090", "shop/api-1>shop/mute:80"]));
            Assert.That(Names(MatrixPairs.AllToOne(ends, "shop/db")).Distinct(), Has.Exactly(4).Items);
            Assert.That(MatrixPairs.AllToAll(ends), Has.Length.EqualTo(2 + 1 + 1 + 1 + 1 + 2 + 1));
            Assert.That(() => MatrixPairs.OneToAll(ends, "shop/none"), Throws.ArgumentException.With.Message.Contains("shop/none"));
            Assert.That(() => MatrixPairs.OneToAll(ends, "shop/mute"), Throws.ArgumentException.With.Message.Contains("cannot be opened"));
            Assert.That(() => MatrixPairs.AllToOne(ends, "shop/web"), Throws.ArgumentException.With.Message.Contains("no TCP port"));
        }
    }

    [Test]
    public void Options_OutOfRange_AreAllNamed() =>
        Assert.That(
            string.Join(" ", new MatrixOptions { Timeout = TimeSpan.Zero, Sources = 0, ConnectionsPerSource = 2000, Attempts = 11 }.Validate()),
            Does.Contain("Timeout").And.Contain("Sources is 0").And.Contain("ConnectionsPerSource is 2000").And.Contain("Attempts is 11"));

    internal static MatrixEndpoint End(string name, string node, params int[] ports) =>
        new() { Name = name, Workload = name, Node = node, Address = "10.0.0.1", Ports = [.. ports] };

    private static async Task<ConnectivityMatrix> ProbeAsync(Func<int, bool> isOpen, Func<MatrixPair, MatrixExpectation>? expect) =>
        await new MatrixProber(new ConnectingMatrixTransport((_, target, _) => isOpen(target.Port)
            ? ValueTask.FromResult<Stream>(new MemoryStream())
            : throw new SocketException((int)SocketError.ConnectionRefused))).ProbeAsync("all to all", Ends, MatrixPairs.AllToAll(Ends), expect);

    private static IEnumerable<string> Names(IEnumerable<MatrixPair> pairs) => pairs.Select(p => $"{p.Source}>{p.Destination}:{p.Port}");
}
