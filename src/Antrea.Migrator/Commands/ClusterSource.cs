using System.CommandLine;
using System.CommandLine.Parsing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Kind;
using Antrea.Migration.Lab;
using k8s;

namespace Antrea.Migrator.Commands;

/// <summary>Where a verb's cluster comes from: a kubeconfig, saved files, or a lab made for this run.</summary>
internal sealed class ClusterSource : IAsyncDisposable
{
    public const string DefaultLab = "c2a6";

    public const int MostLabWorkers = 200;

    private ClusterSource(IClusterReader reader, Kubernetes? client, LabCluster? lab, KindRehearsal? kind = null)
    {
        Reader = reader;
        Client = client;
        Lab = lab;
        Kind = kind;
    }

    public IClusterReader Reader { get; }

    /// <summary>Null for saved files.</summary>
    public Kubernetes? Client { get; }

    public LabCluster? Lab { get; }

    public KindRehearsal? Kind { get; }

    /// <summary>The options and how to open what they name.</summary>
    /// <param name="offline">Whether saved files will do.</param>
    /// <param name="files">What the option for saved files is called, where <c>--from</c> means something else.</param>
    /// <param name="kind">KinD clusters, where they will do.</param>
    public sealed class Options(bool offline, string files = "--from", KindOptions? kind = null)
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

        private readonly Option<int> _workers = CommonOptions.Whole("--workers", kind is null ? "How many workers the lab cluster has." : "How many workers the lab or KinD cluster has.", 20, 1, MostLabWorkers);

        private readonly ControlPlaneOption _controlPlane = new();
        private readonly FabricOption _fabric = new();
        private readonly IPFamilyOption _family = new();

        /// <summary>Adds them, and refuses what has no effect with the cluster that is named.</summary>
        /// <param name="command">The verb.</param>
        /// <param name="ofLabs">Options of the verb's own that are about labs.</param>
        public void AddTo(Command command, params Option[] ofLabs)
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
            _fabric.AddTo(command);
            _family.AddTo(command, _controlPlane);
            kind?.AddTo(command);
            command.Validators.Add(result =>
            {
                // A context is the kubeconfig's, the default one's at least.
                Option? config = IsGiven(_kubeconfig) ? _kubeconfig : _context;
                Option[] given = [.. ((Option?[])[_from, config, _lab, kind?.Kind]).OfType<Option>().Where(IsGiven)];
                if (given.Length > 1)
                {
                    result.AddError($"{string.Join(" and ", given.Select(o => o.Name))} name different clusters; give one of them.");
                }

                Refuse([_controlPlane.Option, _fabric.Option, _family.Option, .. ofLabs], _lab);
                Refuse([_workers], [_lab, .. kind is null ? (Option[])[] : [kind.Kind]]);

                bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };

                void Refuse(Option[] idle, params Option[] owners)
                {
                    if (!owners.Any(IsGiven) && idle.Where(IsGiven).Select(o => o.Name).ToArray() is { Length: > 0 } names)
                    {
                        result.AddError(
                            $"{string.Join(" and ", names)} {(names.Length > 1 ? "go" : "goes")} with {string.Join(" or ", owners.Select(o => o.Name))} only.");
                    }
                }
            });
        }

        /// <summary>Whether a cluster or its files are named at all.</summary>
        public bool IsGiven(ParseResult parse) =>
            ((Option[])[_from, _kubeconfig, _context, _lab]).Any(o => parse.GetResult(o) is { Implicit: false });

        /// <summary>Whether the cluster is made for this run.</summary>
        public bool MakesCluster(CommandResult result) =>
            ((Option?[])[_lab, kind?.Kind]).OfType<Option>().Any(o => result.GetResult(o) is { Implicit: false });

        public bool UsesLab(ParseResult parse) => parse.GetResult(_lab) is { Implicit: false };

        public bool UsesKind(ParseResult parse) => kind is not null && parse.GetValue(kind.Kind);

        /// <summary>Opens it.</summary>
        /// <param name="parse">The command line.</param>
        /// <param name="cancellationToken">Ends a cluster that is being made.</param>
        /// <param name="output">Where a KinD cluster says how far it is; null where there are none.</param>
        /// <param name="podImages">What Pods of ours will run in a KinD cluster.</param>
        public async Task<ClusterSource> OpenAsync(
            ParseResult parse, CancellationToken cancellationToken, TextWriter? output = null, params string[] podImages)
        {
            if (UsesKind(parse))
            {
                var rehearsal = await kind!.StartAsync(parse, _workers, podImages, output!, cancellationToken);
                var kindClient = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(rehearsal.Cluster.KubeconfigPath));
                return new ClusterSource(new KubernetesClusterReader(kindClient), kindClient, null, rehearsal);
            }

            if (UsesLab(parse))
            {
                var lab = await LabCluster.StartAsync(
                    _family.Apply(parse, new LabClusterOptions
                    {
                        Name = parse.GetValue(_lab) ?? DefaultLab,
                        Workers = parse.GetValue(_workers),
                        KubernetesBinaries = _controlPlane.Binaries(parse),
                        Fabric = _fabric.Kind(parse),
                    }),
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

        if (Kind is not null)
        {
            await Kind.DisposeAsync();
        }
    }
}
