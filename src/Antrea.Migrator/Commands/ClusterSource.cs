using System.CommandLine;
using Antrea.Migration.Clusters;
using Antrea.Migration.Lab;
using k8s;

namespace Antrea.Migrator.Commands;

/// <summary>Where a verb's cluster comes from: a kubeconfig, saved files, or a lab made for this run.</summary>
internal sealed class ClusterSource : IAsyncDisposable
{
    public const string DefaultLab = "c2a6";

    public const int MostLabWorkers = 200;

    private ClusterSource(IClusterReader reader, Kubernetes? client, LabCluster? lab)
    {
        Reader = reader;
        Client = client;
        Lab = lab;
    }

    public IClusterReader Reader { get; }

    /// <summary>Null for saved files.</summary>
    public Kubernetes? Client { get; }

    public LabCluster? Lab { get; }

    /// <summary>The options and how to open what they name.</summary>
    /// <param name="offline">Whether saved files will do.</param>
    /// <param name="files">What the option for saved files is called, where <c>--from</c> means something else.</param>
    public sealed class Options(bool offline, string files = "--from")
    {
        private readonly Option<string[]> _from = new(files)
        {
            Description = "Files or folders of YAML or JSON as kubectl prints them, instead of a cluster.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };

        private readonly Option<string?> _kubeconfig = new("--kubeconfig") { Description = "The kubeconfig; by default $KUBECONFIG or ~/.kube/config." };
        private readonly Option<string?> _context = new("--context") { Description = "The kubeconfig's context." };

        private readonly Option<string?> _lab = new("--lab")
        {
            Description = $"A lab cluster in this process instead of a real one; its name decides its addresses ({DefaultLab}: no overlap, test: the seed's).",
            Arity = ArgumentArity.ZeroOrOne,
            Validators = { result => CommonOptions.CheckLabName(result, result.Tokens) },
        };

        private readonly Option<int> _workers = CommonOptions.Whole("--workers", "How many workers the lab cluster has.", 20, 1, MostLabWorkers);

        private readonly ControlPlaneOption _controlPlane = new();

        public void AddTo(Command command)
        {
            if (offline)
            {
                command.Add(_from);
            }

            command.Add(_kubeconfig);
            command.Add(_context);
            command.Add(_lab);
            command.Add(_workers);
            _controlPlane.AddTo(command);
            command.Validators.Add(result =>
            {
                Option[] given = [.. ((Option[])[_from, _kubeconfig, _lab]).Where(o => result.GetResult(o) is { Implicit: false })];
                if (given.Length > 1)
                {
                    result.AddError($"{string.Join(" and ", given.Select(o => o.Name))} name different clusters; give one of them.");
                }
            });
        }

        /// <summary>Whether a cluster or its files are named at all.</summary>
        public bool IsGiven(ParseResult parse) =>
            ((Option[])[_from, _kubeconfig, _context, _lab]).Any(o => parse.GetResult(o) is { Implicit: false });

        public bool UsesLab(ParseResult parse) => parse.GetResult(_lab) is { Implicit: false };

        public async Task<ClusterSource> OpenAsync(ParseResult parse, CancellationToken cancellationToken)
        {
            if (UsesLab(parse))
            {
                var lab = await LabCluster.StartAsync(
                    new LabClusterOptions
                    {
                        Name = parse.GetValue(_lab) ?? DefaultLab,
                        Workers = parse.GetValue(_workers),
                        KubernetesBinaries = _controlPlane.Binaries(parse),
                    },
                    cancellationToken);
                var labClient = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(lab.KubeconfigPath));
                return new ClusterSource(new KubernetesClusterReader(labClient), labClient, lab);
            }

            if (offline && parse.GetValue(_from) is { Length: > 0 } paths)
            {
                return new ClusterSource(new FolderClusterReader(paths), null, null);
            }

            var client = new Kubernetes(Kubeconfig.Load(parse.GetValue(_kubeconfig), parse.GetValue(_context), offline));
            return new ClusterSource(new KubernetesClusterReader(client), client, null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (Lab is not null)
        {
            await Lab.DisposeAsync();
        }
    }
}
