using System.Text.RegularExpressions;

namespace Antrea.Migrator.Tests.Commands;

/// <summary><c>routes why --live</c>: what is predicted, and beside it the connection itself.</summary>
public class RoutesLiveTests
{
    private static readonly string[] Lab = ["--lab", "c2a0", "--workers", "1", "--fabric", "kernel"];

    [Test]
    [CancelAfter(120_000)]
    public async Task A_connection_is_told_hop_by_hop_as_it_was_predicted(CancellationToken cancellationToken)
    {
        NeedsTheKernel();

        var run = await MigratorRun.OfAsync(cancellationToken, ["routes", "why", .. Lab, "--from", "c2a0-control-plane", "--to", "default/nginx-origin", "--live", "--output", "json"]);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        var live = run.Json["live"]!;
        var hops = live["hops"]!.AsArray().Select(h => $"{h!["where"]} {h["device"]} {h["direction"]} {h["flags"]}").ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(live["outcome"]!.GetValue<string>(), Is.EqualTo("delivered"));
            Assert.That(hops[0], Is.EqualTo("c2a0-control-plane tunl0 out SYN"));
            Assert.That(hops, Has.Some.EqualTo("c2a0-worker tunl0 in SYN"));
            Assert.That(hops, Has.Some.Match("^default/nginx-ds-.* eth0 out SYN ACK$"));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task An_IPv6_connection_is_told_the_same_way(CancellationToken cancellationToken)
    {
        NeedsTheKernel();

        var run = await MigratorRun.OfAsync(
            cancellationToken, ["routes", "why", .. Lab, "--ip-family", "ipv6", "--from", "c2a0-control-plane", "--to", "default/nginx-origin", "--live", "--output", "json"]);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        var live = run.Json["live"]!;
        var hops = live["hops"]!.AsArray().Select(h => $"{h!["where"]} {h["device"]} {h["direction"]} {h["flags"]}").ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(live["outcome"]!.GetValue<string>(), Is.EqualTo("delivered"));
            Assert.That(hops[0], Is.EqualTo("c2a0-control-plane eth0 out SYN"), "Calico has no IPIP for IPv6");
            Assert.That(hops, Has.Some.EqualTo("c2a0-worker eth0 in SYN"));
            Assert.That(hops, Has.Some.Match("^default/nginx-ds-.* eth0 out SYN ACK$"));
            Assert.That(live["hops"]!.AsArray().Select(h => h!["from"]!.GetValue<string>()), Has.All.StartWith("[fd00:"));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_packet_that_a_policy_drops_is_last_seen_at_the_Node_that_enforces_it(CancellationToken cancellationToken)
    {
        NeedsTheKernel();

        // Equal labs are equal: the Pod has the same address in the next one.
        var service = await MigratorRun.OfAsync(cancellationToken, ["routes", "why", .. Lab, "--from", "c2a0-control-plane", "--to", "default/nginx-origin"]);
        var pod = Regex.Match(service.Output, "endpoint Calico Pod ([0-9.]+) on c2a0-worker").Groups[1].Value;
        var run = await MigratorRun.OfAsync(cancellationToken, ["routes", "why", .. Lab, "--from", "c2a0-control-plane", "--to", pod, "--live", "9090"]);

        Assert.That(
            run.Output.TrimEnd(),
            Does.Match(@$"c2a0-control-plane -> {Regex.Escape(pod)}:9090: TimedOut after [0-9.]+ ms; last seen coming in at c2a0-worker by tunl0$"),
            service.Output + run.Error);
    }

    [Test]
    public async Task Without_a_network_in_the_kernel_there_is_nothing_to_see()
    {
        var run = await MigratorRun.OfAsync("routes", "why", "--lab", "c2a0", "--workers", "1", "--from", "c2a0-worker", "--to", "default/nginx-origin", "--live");

        run.VerifyRefused("--live needs a lab whose network is the kernel's");
    }

    /// <summary>Linux and root: skipped elsewhere, or failed where ANTREA_MIGRATION_REQUIRE names the kernel.</summary>
    private static void NeedsTheKernel()
    {
        if (OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess)
        {
            return;
        }

        const string Reason = "network namespaces need Linux and root";
        if ((Environment.GetEnvironmentVariable("ANTREA_MIGRATION_REQUIRE") ?? "").Split(',').Contains("kernel"))
        {
            Assert.Fail($"ANTREA_MIGRATION_REQUIRE names kernel, but: {Reason}.");
        }

        Assert.Ignore($"Needs kernel: {Reason}.");
    }
}
