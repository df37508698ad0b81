"""What a Keras file may name: layers, their parts, and functions that only compute.

A file's description is searched for names before Keras builds anything from it
(`edgekit.source_model.keras_file`). A name that is not here is refused, whatever it may be: both
Keras import modules and call functions that a description names, and TensorFlow exports functions
that write, remove and execute files. Nothing here opens a path, and nothing here takes a program.

To allow a name, make sure of that first; `tests/source_model/test_strangers_files.py` loads what
it can of them.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


CODE = _names(
    """
    ClassMethod FlaxLayer InstanceMethod InstanceProperty JaxLayer Lambda TFSMLayer
    TorchModuleWrapper __lambda__
    """
)
"""Classes that hold, or point to, a program instead of describing a layer."""

LAYERS = _names(
    """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add
    AddLoss AddMetric AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average
    AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D
    BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate
    ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D Conv2DTranspose
    Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D Convolution1DTranspose
    Convolution2D Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D Cropping2D
    Cropping3D CuDNNGRU CuDNNLSTM CustomScaleLayer CutMix Dense DepthwiseConv1D DepthwiseConv2D
    Discretization Dot Dropout ELU EinsumDense Embedding Equalization Flatten Functional GRU
    GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D
    GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
    GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity InputLayer IntegerLookup
    LSTM LSTMCell LayerNormalization LayerScale LeakyReLU LocallyConnected1D LocallyConnected2D
    Masking MaxNumBoundingBoxes MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D
    MaxPooling3D Maximum MelSpectrogram Minimum MixUp Model MultiHeadAttention Multiply
    Normalization PReLU PeepholeLSTMCell Permute Pipeline RMSNormalization RNN RandAugment
    RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop
    RandomElasticTransform RandomErasing RandomFlip RandomFourierFeatures RandomGaussianBlur
    RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective RandomPosterization
    RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomWidth
    RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding STFTSpectrogram
    SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D Sequential
    SimpleRNN SimpleRNNCell Softmax Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D
    SpectralNormalization StackedRNNCells StochasticDepth StringLookup Subtract
    SyncBatchNormalization TextVectorization ThresholdedReLU TimeDistributed UnitNormalization
    UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """
)
"""Layers and models of Keras 2 and Keras 3."""

PARTS = _names(
    """
    AWQConfig AWQDTypePolicy AbsMaxQuantizer Constant Constraint DTypePolicy DTypePolicyMap
    Float8QuantizationConfig FloatDTypePolicy GPTQConfig GPTQDTypePolicy GlorotNormal GlorotUniform
    HeNormal HeUniform Identity IdentityInitializer Initializer Int4DTypePolicy
    Int4QuantizationConfig Int8QuantizationConfig L1 L1L2 L2 LecunNormal LecunUniform MaxNorm
    MinMaxNorm NonNeg Ones Orthogonal OrthogonalInitializer OrthogonalRegularizer Policy PolicyV1
    QuantizationConfig QuantizedDTypePolicy QuantizedFloat8DTypePolicy Quantizer RadialConstraint
    RandomNormal RandomUniform Regularizer STFT STFTInitializer SeedGenerator TruncatedNormal
    UnitNorm VarianceScaling Zeros constant glorot_normal glorot_uniform he_normal he_uniform
    identity l1 l1_l2 l2 lecun_normal lecun_uniform max_norm min_max_norm non_neg ones orthogonal
    orthogonal_regularizer radial_constraint random_normal random_uniform stft truncated_normal
    unit_norm variance_scaling zeros
    """
)
"""Initializers, regularizers, constraints, policies of types, and what quantizes."""

TRAINING = _names(
    """
    AUC Accuracy Adadelta Adafactor Adagrad Adam AdamW Adamax BinaryAccuracy BinaryCrossentropy
    BinaryFocalCrossentropy BinaryIoU CTC CategoricalAccuracy CategoricalCrossentropy
    CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy CategoricalHinge Circle
    ConcordanceCorrelation CosineDecay CosineDecayRestarts CosineSimilarity Dice ExponentialDecay
    F1Score FBetaScore FalseNegatives FalsePositives Ftrl Hinge Huber InverseTimeDecay IoU
    KLDivergence Lamb LearningRateSchedule Lion LogCosh LogCoshError Loss LossFunctionWrapper
    LossScaleOptimizer Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanMetricWrapper
    MeanRelativeError MeanSquaredError MeanSquaredLogarithmicError MeanTensor Metric MultiOptimizer
    Muon Nadam OneHotIoU OneHotMeanIoU Optimizer OptimizerMap PearsonCorrelation
    PiecewiseConstantDecay Poisson PolynomialDecay Precision PrecisionAtRecall R2Score RMSprop
    Recall RecallAtPrecision RootMeanSquaredError SGD ScheduleFreeAdamW SensitivityAtSpecificity
    SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy
    SpecificityAtSensitivity SquaredHinge Sum SumOverBatchSizeMetric TopKCategoricalAccuracy
    TrueNegatives TruePositives Tversky
    """
)
"""Losses, metrics and optimizers: an inner model may be compiled."""

OPERATIONS = _names(
    """
    Abs Absolute AdaptiveAveragePool AdaptiveMaxPool Add AffineTransform All AllClose Amax Amin
    Angle Any Append Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax Argmin
    Argpartition Argsort Array ArraySplit Average AveragePool BatchNorm BinaryCrossentropy Bincount
    BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor
    BroadcastTo CDist CTCDecode CTCLoss Cast CategoricalCrossentropy Cbrt Ceil Celu Cholesky
    CholeskyInverse Clip Concatenate Conj Conjugate Conv ConvTranspose ConvertToTensor Copy
    Corrcoef Correlate Cos Cosh CountNonzero CropImages Cross Cumprod Cumsum Deg2rad DepthToSpace
    DepthwiseConv Det Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan Dot
    DotProductAttention Dsplit Dstack Eig Eigh Einsum ElasticTransform Elu EmptyLike Equal Erf Erfc
    Erfinv Exp Exp2 ExpandDims Expm1 ExtractPatches ExtractSequences FFT FFT2 Fabs Flip Fliplr
    Flipud Floor FloorDivide Fmax Fmin Fmod Fold Full FullLike GaussianBlur Gcd Gelu Geomspace
    GetItem Glu Greater GreaterEqual HSVToRGB HardShrink HardSigmoid HardSilu HardTanh Heaviside
    Histogram Hsplit Hstack Hypot I0 IFFT2 IRFFT ISTFT Imag InTopK Inner Inv IsIn Isclose Isfinite
    Isinf Isnan Isneginf Isposinf Isreal Kron LayerNorm Lcm Ldexp LeakyRelu LeftShift Less
    LessEqual Linspace Log Log10 Log1p Log2 LogSigmoid LogSoftmax Logaddexp Logaddexp2 Logdet
    LogicalAnd LogicalNot LogicalOr LogicalXor Logspace Logsumexp Lstsq LuFactor MapCoordinates
    Matmul MatrixRank Max MaxPool Maximum Mean Median Meshgrid Min Minimum Mod Moments Moveaxis
    MultiHot Multiply NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmedian
    Nanmin Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero
    Norm Normalize NotEqual OneHot OnesLike Outer PSNR Pad PadImages Percentile
    PerspectiveTransform Pinv Polar Power Prod Ptp Qr Quantile RFFT RGBToGrayscale RGBToHSV RMSNorm
    Rad2deg Ravel Real Rearrange Reciprocal Relu Relu6 Repeat Reshape Resize RightShift Roll Rot90
    Round Rsqrt SSIM STFT SVD SaturateCast ScaleAndTranslate Scatter ScatterUpdate SearchSorted
    SegmentMax SegmentMin SegmentProd SegmentReduction SegmentSum Select Selu SeparableConv Shape
    Sigmoid Sign Signbit Silu Sin Sinc Sinh Size Slice SliceUpdate Slogdet SobelEdges SoftShrink
    Softmax Softplus Softsign Solve SolveTriangular Sort SpaceToDepth SparseCategoricalCrossentropy
    SparsePlus SparseSigmoid Sparsemax Split Sqrt Square Squareplus Squeeze Stack Std StopGradient
    Subtract Sum Swapaxes Take TakeAlongAxis Tan Tanh TanhShrink Tensordot Threshold Tile TopK
    Trace Transpose Trapezoid Tril Triu TrueDivide Trunc Unfold Unique UnravelIndex Unstack Vander
    Var Vdot View ViewAsComplex ViewAsReal Vsplit Vstack Where ZerosLike
    """
)
"""Functions of `keras.ops`, which Keras 3 keeps as classes; none takes a function."""

FUNCTIONS = _names(
    """
    KLD MAE MAPE MSE MSLE acc binary_accuracy binary_crossentropy binary_focal_crossentropy
    categorical_accuracy categorical_crossentropy categorical_focal_crossentropy
    categorical_generalized_cross_entropy categorical_hinge celu circle concordance_correlation
    cosine_similarity ctc dice elu exponential gelu glu hard_shrink hard_sigmoid hard_silu
    hard_swish hard_tanh hinge huber kl_divergence kld kullback_leibler_divergence l1_l2 leaky_relu
    linear log_cosh log_sigmoid log_softmax logcosh mae mape mean_absolute_error
    mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error mish mse msle
    pearson_correlation poisson relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign
    sparse_categorical_accuracy sparse_categorical_crossentropy sparse_plus sparse_sigmoid
    sparse_top_k_categorical_accuracy sparsemax squared_hinge squareplus swish tanh tanh_shrink
    threshold top_k_categorical_accuracy tversky
    """
)
"""Activations, losses and metrics, as functions."""

VALUES = _names(
    """
    TensorShape __bytes__ __ellipsis__ __keras_tensor__ __numpy__ __slice__ __tensor__ __tuple__
    """
)
"""Values that JSON lacks."""

CLASSES = LAYERS | PARTS | TRAINING | OPERATIONS | VALUES

_TENSORFLOW = {
    "": """
        abs acos add add_n argmax argmin argsort batch_to_space bitcast boolean_mask broadcast_to
        cast clip_by_norm clip_by_value concat constant convert_to_tensor cos cumsum divide einsum
        ensure_shape equal exp expand_dims eye fill floor gather gather_nd greater greater_equal
        identity less less_equal linspace logical_and logical_not logical_or matmul maximum
        meshgrid minimum multiply negative norm not_equal one_hot ones ones_like pad pow range rank
        realdiv reduce_all reduce_any reduce_max reduce_mean reduce_min reduce_prod reduce_sum
        repeat reshape reverse reverse_sequence roll round scatter_nd searchsorted sequence_mask
        shape sigmoid sign sin size slice sort space_to_batch split sqrt square squeeze stack
        stop_gradient strided_slice subtract tan tanh tensor_scatter_nd_add tensor_scatter_nd_max
        tensor_scatter_nd_min tensor_scatter_nd_sub tensor_scatter_nd_update tensordot tile
        transpose truediv truncatediv truncatemod unstack where zeros zeros_like
        """,
    "__operators__": """
        add eq getitem ne
        """,
    "dtypes": """
        saturate_cast
        """,
    "image": """
        adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_saturation central_crop
        combined_non_max_suppression convert_image_dtype crop_and_resize crop_to_bounding_box
        extract_glimpse extract_patches flip_left_right flip_up_down grayscale_to_rgb hsv_to_rgb
        non_max_suppression non_max_suppression_overlaps non_max_suppression_padded
        non_max_suppression_with_scores pad_to_bounding_box per_image_standardization psnr
        random_brightness random_contrast random_crop random_flip_left_right random_flip_up_down
        random_hue random_saturation resize resize_with_crop_or_pad resize_with_pad
        rgb_to_grayscale rgb_to_hsv rgb_to_yiq rgb_to_yuv rot90 sobel_edges ssim ssim_multiscale
        total_variation transpose yiq_to_rgb yuv_to_rgb
        """,
    "linalg": """
        adjoint band_part banded_triangular_solve cholesky cholesky_solve cross det diag diag_part
        eig eigh eigh_tridiagonal eigvals eigvalsh einsum expm eye global_norm inv l2_normalize
        logdet logm lstsq lu lu_matrix_inverse lu_reconstruct lu_solve matmul matrix_rank
        matrix_transpose matvec norm normalize pinv qr set_diag slogdet solve sqrtm svd tensor_diag
        tensor_diag_part tensordot trace triangular_solve tridiagonal_matmul tridiagonal_solve
        """,
    "math": """
        abs acos acosh add add_n angle argmax argmin asin asinh atan atan2 atanh bessel_i0
        bessel_i0e bessel_i1 bessel_i1e betainc bincount ceil conj cos cosh count_nonzero cumprod
        cumsum cumulative_logsumexp digamma divide divide_no_nan equal erf erfc erfcinv erfinv exp
        expm1 floor floordiv floormod greater greater_equal igamma igammac imag invert_permutation
        is_finite is_inf is_nan is_non_decreasing is_strictly_increasing l2_normalize lbeta less
        less_equal lgamma log log1p log_sigmoid log_softmax logical_and logical_not logical_or
        logical_xor maximum minimum mod multiply multiply_no_nan ndtri negative nextafter not_equal
        polygamma polyval pow real reciprocal reciprocal_no_nan reduce_all reduce_any
        reduce_euclidean_norm reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod
        reduce_std reduce_sum reduce_variance rint round rsqrt scalar_mul segment_max segment_mean
        segment_min segment_prod segment_sum sigmoid sign sin sinh softmax softplus softsign sqrt
        square squared_difference subtract tan tanh top_k truediv unsorted_segment_max
        unsorted_segment_mean unsorted_segment_min unsorted_segment_prod unsorted_segment_sqrt_n
        unsorted_segment_sum xdivy xlog1py xlogy zero_fraction zeta
        """,
    "nn": """
        atrous_conv2d atrous_conv2d_transpose avg_pool avg_pool1d avg_pool2d avg_pool3d
        batch_normalization bias_add conv1d conv1d_transpose conv2d conv2d_transpose conv3d
        conv3d_transpose conv_transpose convolution crelu depth_to_space depthwise_conv2d
        dilation2d dropout elu embedding_lookup erosion2d gelu l2_loss l2_normalize leaky_relu
        local_response_normalization log_poisson_loss log_softmax lrn max_pool max_pool1d
        max_pool2d max_pool3d max_pool_with_argmax moments relu relu6 selu separable_conv2d sigmoid
        sigmoid_cross_entropy_with_logits silu softmax softmax_cross_entropy_with_logits softplus
        softsign space_to_batch space_to_depth sparse_softmax_cross_entropy_with_logits swish tanh
        top_k weighted_cross_entropy_with_logits zero_fraction
        """,
    "signal": """
        dct fft fft2d fft3d fftnd fftshift frame hamming_window hann_window idct ifft ifft2d ifft3d
        ifftnd ifftshift inverse_mdct inverse_stft irfft irfft2d irfft3d irfftnd
        kaiser_bessel_derived_window kaiser_window linear_to_mel_weight_matrix mdct
        mfccs_from_log_mel_spectrograms overlap_and_add rfft rfft2d rfft3d rfftnd stft
        vorbis_window
        """,
}

TENSORFLOW_FUNCTIONS = frozenset(
    f"{version}{module}.{name}" if module else f"{version}{name}"
    for version in ("", "compat.v1.")
    for module, listed in _TENSORFLOW.items()
    for name in listed.split()
)
"""What a layer `TFOpLambda` of Keras 2 may call, by the address TensorFlow exports it under."""

TENSORFLOW_OPERATORS = _names(
    """
    Abs Acos Acosh Add AddN AddV2 All Any ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool
    BatchMatMul BatchMatMulV2 BatchToSpaceND BiasAdd BroadcastTo Cast Ceil ClipByValue ConcatV2
    Const Conv2D Cos Cosh Cumprod Cumsum DepthToSpace DepthwiseConv2dNative Div DivNoNan Einsum Elu
    Equal Erf Exp ExpandDims Expm1 Fill Floor FloorDiv FloorMod GatherNd GatherV2 Greater
    GreaterEqual Identity L2Loss LeakyRelu Less LessEqual Log Log1p LogSoftmax LogicalAnd
    LogicalNot LogicalOr MatMul Max MaxPool Maximum Mean Min Minimum MirrorPad Mul Neg NotEqual
    OneHot OnesLike Pack Pad PadV2 Pow Prod Range Rank RealDiv Reciprocal Relu Relu6 Reshape
    ResizeBilinear ResizeNearestNeighbor ReverseV2 Roll Round Rsqrt Select SelectV2 Selu Shape
    Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToBatchND SpaceToDepth Split
    SplitV Sqrt Square SquaredDifference Squeeze StopGradient StridedSlice Sub Sum Tan Tanh Tile
    TopKV2 Transpose Unpack Where ZerosLike
    """
)
"""What a layer `TensorFlowOpLayer`, of Keras 2.0 to 2.3, may hold."""
