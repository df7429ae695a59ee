using Antrea.Migration.Execution;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.Tests.Execution;

[Platform("Linux")]
public sealed class PodRoutesTests
{
    private const string Heading = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";

    [Test]
    public void Parse_ProcNetRoute_GivesTheRoutesInTheirOrder()
    {
        // As a Multus Pod on x86 has it: the last byte stands first.
        var text = string.Join(
            '\n',
            Heading,
            "net1\t00000000\t01010A0A\t0003\t0\t0\t0\t00000000\t0\t0\t0",
            "eth0\t00000000\t0101FEA9\t0003\t0\t0\t0\t00000000\t0\t0\t0",
            "net1\t00010A0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
            "eth0\t0101FEA9\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0",
            "");

        var (routes, tellsIPv6) = PodRoutes.Parse(text, "p");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(routes.Routes.Select(r => r.ToString()), Is.EqualTo(new[]
            {
                "default via 10.10.1.1 dev net1", "default via 169.254.1.1 dev eth0", "10.10.1.0/24 dev net1", "169.254.1.1 dev eth0",
            }));
            Assert.That(tellsIPv6, Is.False);
        }
    }

    [Test]
    public void Parse_ProcNetRouteOfABigEndianMachine_IsReadTheOtherWay() => Assert.That(
        PodRoutes.Parse($"{Heading}\nnet1\t0A0A0100\t00000000\t0001\t0\t0\t5\tFFFFFF00\t0\t0\t0\n", "p").Routes.Routes.Single().ToString(),
        Is.EqualTo("10.10.1.0/24 dev net1 metric 5"));

    [TestCase("what is this")]
    [TestCase(Heading + "\nnet1\tshort")]
    [TestCase(Heading + "\nnet1\tXY0A0100\t00000000\t0001\t0\t0\t5\tFFFFFF00\t0\t0\t0\n")]
    public void Parse_WhatIsNoRoute_IsRefused(string text) =>
        Assert.That(() => PodRoutes.Parse(text, "a/p"), Throws.TypeOf<FormatException>().With.Message.StartsWith("The routes of Pod a/p cannot be read"));

    [Test]
    public async Task Read_WithoutIp_PrintsWhatProcHas()
    {
        var folder = Directory.CreateTempSubdirectory("path-");
        try
        {
            File.CreateSymbolicLink(Path.Combine(folder.FullName, "cat"), "/bin/cat");

            var text = await RunAsync(folder.FullName);

            Assert.That(text, Does.StartWith("Iface"));
            Assert.That(() => PodRoutes.Parse(text, "p"), Throws.Nothing);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task Read_AsksIpForBothFamilies()
    {
        var folder = Directory.CreateTempSubdirectory("path-");
        try
        {
            var ip = Path.Combine(folder.FullName, "ip");
            await File.WriteAllTextAsync(ip, "#!/bin/sh\n[ \"$1\" = -4 ] && echo 'default via 10.0.0.1 dev eth0' || echo 'default via fe80::1 dev eth0 metric 1024'\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(ip, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }

            var (routes, tellsIPv6) = PodRoutes.Parse(await RunAsync(folder.FullName), "p");

            Assert.That(tellsIPv6, Is.EqualTo(File.Exists("/proc/net/if_inet6")));
            Assert.That(routes.Routes.Select(r => r.Destination.ToString()), Is.EqualTo(tellsIPv6 ? new[] { "0.0.0.0/0", "::/0" } : ["0.0.0.0/0"]));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> RunAsync(string path) => (await Cli.Wrap("/bin/sh").WithArguments(PodRoutes.Read().ToArgv()[1..])
        .WithEnvironmentVariables(v => v.Set("PATH", path)).ExecuteBufferedAsync()).StandardOutput;
}
