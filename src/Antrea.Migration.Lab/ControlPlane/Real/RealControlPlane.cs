using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.Lab.ControlPlane.Real;

/// <summary>Kubernetes' own control plane on this machine: etcd, kube-apiserver, kube-controller-manager, kube-scheduler.</summary>
/// <remarks>
/// <para>All listen on free ports of 127.0.0.1 behind TLS; authorization is RBAC. Keys, data and logs are in a private temporary
/// folder. Disposing it ends the processes and deletes the folder; when a start fails, the logs stay and the error names them.
/// What a crash leaves behind is removed by the next start.</para>
/// <para>There is no kubelet: somebody has to register Nodes and run bound Pods. Thread-safe.</para>
/// </remarks>
internal sealed class RealControlPlane : IAsyncDisposable
{
    private static readonly string[] Programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

    private readonly RealControlPlaneOptions _options;
    private readonly ControlPlaneFolder _folder;
    private readonly List<ControlPlaneProgram> _running = [];
    private int _stopped;

    private RealControlPlane(RealControlPlaneOptions options, ControlPlaneFolder folder, Version version)
    {
        _options = options;
        _folder = folder;
        Version = version;
        Server = new Uri($"https://127.0.0.1:{FreePort()}");
    }

    /// <summary>Where the API server listens.</summary>
    public Uri Server { get; }

    /// <summary>What the API server says it is: major, minor and patch.</summary>
    public Version Version { get; }

    /// <summary>The private folder with its keys, data and logs.</summary>
    public string Folder => _folder.Path;

    /// <summary>A kubeconfig of an administrator (group <c>system:masters</c>).</summary>
    public string Kubeconfig => KubeconfigFor("lab-admin", "system:masters");

    /// <summary>Who is who.</summary>
    public ControlPlaneCertificates Certificates { get; } = new();

    /// <summary>Programs that ended by themselves, each with its last words.</summary>
    public IEnumerable<Exception> Failures => _running.Where(p => p.ExitCode is not null).Select(Ended);

    /// <summary>Starts a control plane and waits until all of it answers.</summary>
    /// <exception cref="MigrationException">A program is missing, ended or did not become ready in time.</exception>
    public static async Task<RealControlPlane> StartAsync(RealControlPlaneOptions options, CancellationToken cancellationToken)
    {
        foreach (var program in Programs.Where(p => !File.Exists(Path.Combine(options.Binaries, p))))
        {
            throw new MigrationException(
                $"{options.Binaries} has no {program}.",
                "Name a folder with etcd, kube-apiserver, kube-controller-manager and kube-scheduler: eng/kubernetes.sh builds one.");
        }

        await ControlPlaneFolder.SweepAsync(cancellationToken).ConfigureAwait(false);
        var version = await AskVersionAsync(Path.Combine(options.Binaries, "kube-apiserver"), cancellationToken).ConfigureAwait(false);
        var plane = new RealControlPlane(options, ControlPlaneFolder.Create(), version);
        try
        {
            await plane.StartAsync(cancellationToken).ConfigureAwait(false);
            return plane;
        }
        catch (Exception e)
        {
            await plane.StopAsync(keepLogs: e is MigrationException).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A kubeconfig with a client certificate.</summary>
    public string KubeconfigFor(string user, params string[] groups) =>
        KubeconfigText.WithCertificate(_options.ClusterName, Server, Certificates.Authority, Certificates.IssueClient(user, groups));

    public async ValueTask DisposeAsync() => await StopAsync(keepLogs: false).ConfigureAwait(false);

    private static async Task<Version> AskVersionAsync(string apiServer, CancellationToken cancellationToken)
    {
        var answer = await Cli.Wrap(apiServer).WithArguments("--version").WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(cancellationToken).ConfigureAwait(false);
        return Regex.Match(answer.StandardOutput, @"v(\d+\.\d+\.\d+)") is { Success: true } match
            ? Version.Parse(match.Groups[1].Value)
            : throw new MigrationException($"{apiServer} --version says: {answer.StandardOutput}{answer.StandardError}", "Check that it is Kubernetes' API server.");
    }

    /// <summary>A port nobody listens on now. Somebody may be faster; the program then says so and the start fails.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        WriteFiles();
        using var client = NewClient();
        var (etcd, controllers, scheduler) = (FreePort(), FreePort(), FreePort());
        Run("etcd", ControlPlaneArguments.Etcd(_folder, etcd));
        var api = Run("kube-apiserver", ControlPlaneArguments.ApiServer(_folder, _options, Server.Port, etcd));
        await ReadyAsync(api, client, new Uri(Server, "readyz"), cancellationToken).ConfigureAwait(false);
        var others = new[]
        {
            (Run("kube-controller-manager", ControlPlaneArguments.ControllerManager(_folder, _options, Version, controllers)), controllers),
            (Run("kube-scheduler", ControlPlaneArguments.Scheduler(_folder, Version, scheduler)), scheduler),
        };
        foreach (var (program, port) in others)
        {
            await ReadyAsync(program, client, new Uri($"https://127.0.0.1:{port}/healthz"), cancellationToken).ConfigureAwait(false);
        }
    }

    private ControlPlaneProgram Run(string name, IEnumerable<string> arguments)
    {
        var program = ControlPlaneProgram.Start(Path.Combine(_options.Binaries, name), _folder, arguments);
        _running.Add(program);
        return program;
    }

    private void WriteFiles()
    {
        _folder.Write("ca.crt", Certificates.Authority);
        WritePair("server", Certificates.IssueServer("lab-control-plane"));
        WritePair("apiserver", Certificates.IssueClient("kube-apiserver", "system:masters"));
        var (signing, checking) = ControlPlaneCertificates.NewSigningKey();
        _folder.Write("sa.key", signing);
        _folder.Write("sa.pub", checking);
        _folder.Write("controller-manager.conf", KubeconfigFor("system:kube-controller-manager"));
        _folder.Write("scheduler.conf", KubeconfigFor("system:kube-scheduler"));
    }

    private void WritePair(string name, PemPair pair)
    {
        _folder.Write(name + ".crt", pair.Certificate);
        _folder.Write(name + ".key", pair.Key);
    }

    private HttpClient NewClient() => new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { Certificates.AuthorityCertificate },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        });

    /// <summary>Asks until the answer is 200. Another program's end, the controllers' or etcd's, ends the wait as well.</summary>
    private async Task ReadyAsync(ControlPlaneProgram program, HttpClient client, Uri address, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(_options.StartTimeout);
        var answer = "it does not listen";
        try
        {
            while (true)
            {
                if (_running.Find(p => p.ExitCode is not null) is { } ended)
                {
                    throw Ended(ended);
                }

                try
                {
                    using var response = await client.GetAsync(address, patience.Token).ConfigureAwait(false);
                    if (response.IsSuccessStatusCode)
                    {
                        return;
                    }

                    answer = $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(patience.Token).ConfigureAwait(false)}";
                }
                catch (HttpRequestException e)
                {
                    answer = e.Message;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), patience.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MigrationException(
                $"{program.Name} was not ready within {_options.StartTimeout}: {answer}\n{program.Tail}",
                $"Its whole log is {_folder.File(program.Name + ".log")}.");
        }
    }

    private MigrationException Ended(ControlPlaneProgram program) => new(
        $"{program.Name} ended with exit code {program.ExitCode}. Its last lines:\n{program.Tail}",
        $"Its whole log is {_folder.File(program.Name + ".log")}.");

    private async Task StopAsync(bool keepLogs)
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 1)
        {
            return;
        }

        foreach (var program in Enumerable.Reverse(_running))
        {
            await program.DisposeAsync().ConfigureAwait(false);
        }

        Certificates.Dispose();
        if (keepLogs)
        {
            _folder.KeepLogs();
        }
        else
        {
            _folder.Dispose();
        }
    }
}
